import type { Duplex } from "node:stream";
import { RELAY_LIMITS } from "./limits.ts";

/** One side of a relay. */
export interface RelayEnd {
  readonly socket: Duplex;
  /** What this side had sent and nobody has read yet: goes to the other side before anything else. */
  readonly unread: Buffer;
  /** How to take what the socket reads in place, where that is possible. */
  readonly inPlace?: InPlace | null;
  /** Whether it makes a Buffer of its own for each read, and needs none any more once its write has called back: so do sockets, but not streams that pass Buffers on. */
  readonly ownsBuffers?: boolean;
}

/** A socket that reads into one buffer again and again (`net/target-socket.ts`). */
export interface InPlace {
  /** From now on slices of that buffer go to `take`, which returns whether it is done with it; if not, nothing is read until `goOn`. */
  attach(take: (slice: Buffer) => boolean): void;
  goOn(): void;
}

export interface RelayResult {
  /** Octets that the client sent and the target sent, passed on in either direction. */
  readonly toTarget: number;
  readonly toClient: number;
  /** Who stopped sending first, or broke off; `us` after `stop`. */
  readonly endedBy: "client" | "target" | "us";
}

/**
 * What a target sends after the login: mail, among other things, or nothing but replies (submission). Behind mail no word of ours is safe: a literal may pause at the end of a
 * line, and silence shows nothing, since it is when servers hang that people restart things. Only a parser would know; RFC 9051 §3.4 wants BYE no more than SHOULD.
 */
export type TargetSends = "mail" | "replies";

/** A relay under way. */
export interface Relay {
  /** Settles when both connections are closed; never rejects. */
  readonly done: Promise<RelayResult>;
  /**
   * Ends both connections. The client hears `lastWords` only where they cannot come to stand in somebody's mail: as long as the target has said nothing to it, or between two lines of
   * a target that sends replies alone.
   */
  stop(lastWords: string, sends?: TargetSends): void;
  /** Octets passed on so far. */
  readonly counts: () => Pick<RelayResult, "toTarget" | "toClient">;
}

const LF = 0x0a;
/**
 * Pieces from this size on are freed as soon as they are written. Left to V8, which sees how much memory they take and collects all there is again and again, an upload costs three times
 * as much processor time (docs/benchmarks.md).
 */
const FREED_OCTETS = 4 * 1024;

/** One direction: `from` is read, `to` is written. */
interface Direction {
  readonly from: Duplex;
  readonly to: Duplex;
  octets: number;
  lastOctet: number;
}

/**
 * Passes octets between two connections until both are closed: unchanged, both ways under back-pressure, nothing held but
 * what the sockets hold. One side's last octet ends that direction only; a broken side ends the other one, after it
 * has had time to fetch what was sent, and so does a target that has ended, or that falls silent behind a client that has.
 *
 * Both sockets come paused, without other listeners. Everything is set up in the same turn of the event loop, so that no event is missed.
 */
export function splice(client: RelayEnd, target: RelayEnd): Relay {
  // What outlives this call refers to the sockets alone, not to what was unread: a session may last for days.
  const [atClient, atTarget] = [client.socket, target.socket];
  const toTarget: Direction = { from: atClient, to: atTarget, octets: 0, lastOctet: LF };
  const toClient: Direction = { from: atTarget, to: atClient, octets: 0, lastOctet: LF };
  let endedBy: RelayResult["endedBy"] | null = null;
  const ended = (who: RelayResult["endedBy"]) => {
    endedBy ??= who;
  };
  const closed = [closing(atClient, atTarget), closing(atTarget, atClient)];
  // Not `once`: what happens once anyhow needs no guard, and ten thousand sessions keep each of them in memory.
  const clientEnded = () => {
    ended("client");
    if (!atClient.destroyed) endWhenSilent(toClient);
  };
  const targetEnded = () => ended("target");
  atClient.on("end", clientEnded).on("close", clientEnded);
  if (atClient.readableEnded) endWhenSilent(toClient);
  atTarget.on("close", targetEnded).on("end", () => {
    targetEnded();
    destroyAfter(RELAY_LIMITS.halfClosedMs, atClient);
  });
  const frees = client.ownsBuffers === true && target.ownsBuffers === true;
  pump(toTarget, client, frees);
  pump(toClient, target, frees);
  return {
    done: Promise.all(closed).then(() => ({
      toTarget: toTarget.octets,
      toClient: toClient.octets,
      endedBy: endedBy ?? "us",
    })),
    stop: (lastWords, sends = "mail") => {
      ended("us");
      atTarget.removeAllListeners("data");
      const isSafe = sends === "mail" ? toClient.octets === 0 : toClient.lastOctet === LF;
      if (isSafe && !atClient.writableEnded && !atClient.destroyed) atClient.end(lastWords, "latin1");
      // The client's end follows from this one's, as always.
      atTarget.destroy();
    },
    counts: () => ({ toTarget: toTarget.octets, toClient: toClient.octets }),
  };
}

function pump(direction: Direction, { unread, inPlace }: RelayEnd, frees: boolean): void {
  const { from, to } = direction;
  const mayRead = inPlace ? passInPlace(direction, unread, inPlace) : passPieces(direction, unread, frees);
  from.on("end", () => to.end());
  // A side that had ended before the relay began will not say so again. Later, since TLS that is ended in the midst of a read drops the rest of it.
  if (from.readableEnded) setImmediate(() => to.end());
  else if (mayRead) from.resume();
}

/** The usual way. Returns whether more may be read at once. */
function passPieces(direction: Direction, first: Buffer, frees: boolean): boolean {
  const { from, to } = direction;
  const write = (octets: Buffer): boolean =>
    frees && octets.length >= FREED_OCTETS
      ? to.write(octets, (error) => (error ? undefined : free(octets)))
      : to.write(octets);
  from.on("data", (octets: Buffer) => {
    if (isTaken(direction, octets) && !write(octets)) from.pause();
  });
  to.on("drain", () => from.resume());
  // Perhaps a part of something that others hold as well.
  if (isTaken(direction, first)) to.write(first);
  return !to.writableNeedDrain;
}

/** Gives the memory of a piece back that nobody needs any more. Where it is a part of something larger, others may. */
function free(octets: Buffer): void {
  const { buffer } = octets;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === octets.length) buffer.transfer(0);
}

/**
 * Without a buffer for each piece: a slice belongs to the next read again as soon as it is written, so nothing is read as long as any octet of it may
 * still be needed. Returns whether more may be read at once.
 */
function passInPlace(direction: Direction, first: Buffer, inPlace: InPlace): boolean {
  const { from, to } = direction;
  let isHeld = false;
  const written = () => {
    if (!isHeld || to.writableLength > 0) return;
    isHeld = false;
    inPlace.goOn();
  };
  const pass = (slice: Buffer): boolean => {
    if (!isTaken(direction, slice)) return true;
    to.write(slice, written);
    isHeld = to.writableLength > 0;
    return !isHeld;
  };
  const waiting = from.read() as Buffer | null;
  inPlace.attach(pass);
  pass(waiting === null ? first : Buffer.concat([first, waiting]));
  return !isHeld;
}

/** Counts octets that the other side is there to take. */
function isTaken(direction: Direction, octets: Buffer): boolean {
  const { to } = direction;
  if (octets.length === 0 || to.destroyed || to.writableEnded) return false;
  direction.octets += octets.length;
  direction.lastOctet = octets[octets.length - 1] ?? LF;
  return true;
}

/** Watches one socket until it is closed, then lets the other one send what it has and closes it too. */
function closing(socket: Duplex, other: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const onClosed = () => {
      resolve();
      closeSoon(other);
    };
    socket.on("error", closesItself);
    if (socket.destroyed) queueMicrotask(onClosed);
    else socket.on("close", onClosed);
  });
}

function closeSoon(socket: Duplex): void {
  if (socket.destroyed) return;
  destroyAfter(RELAY_LIMITS.lingerMs, socket);
  // Nobody takes what it still sends; reading on lets its own end arrive.
  socket.resume();
  socket.end(() => socket.destroy());
}

/** Ends a target from which nothing has come for too long behind a client that has ended. As long as the client does not fetch its answer the target is not read, and not silent. */
function endWhenSilent(toClient: Direction): void {
  const { from: target, to: client, octets } = toClient;
  if (target.destroyed) return;
  const stop = () => clearTimeout(timer);
  const timer = setTimeout(() => {
    target.off("close", stop);
    if (client.writableLength === 0 && toClient.octets === octets) target.destroy();
    else endWhenSilent(toClient);
  }, RELAY_LIMITS.answerSilenceMs);
  target.once("close", stop);
}

function destroyAfter(waitMs: number, socket: Duplex): void {
  // It would say `close` no more, and the timer keep both sides in memory until it is over.
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), waitMs);
  socket.once("close", () => clearTimeout(timer));
}

function closesItself(): void {
  // A socket that breaks also closes, and its closing is what counts here.
}

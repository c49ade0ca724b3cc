import { asFailure } from "../../../model/failure.ts";
import { plainBody } from "../../../wire/imap/plain-fetch.ts";
import type { Untagged, UntaggedData } from "../../../wire/imap/response.ts";
import {
  isNil,
  itemsOf,
  numberOf,
  pairsOf,
  readValues,
  textOf,
  type Value,
} from "../../../wire/imap/value.ts";
import { protocolFault } from "../../failures.ts";
import { BODY_WINDOW_OCTETS } from "../../limits.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import type { ImapConnection } from "./connection.ts";
import type { LiteralSink } from "./pending-command.ts";

export interface FetchedMessage {
  readonly uid: number;
  /** Octets that `body` gives: the literal's length, whatever RFC822.SIZE said. */
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
  /** All of `body`, where the message is small enough to have been kept; then `body` need not be read. */
  readonly whole: Buffer | null;
}

/** Takes a message. A promise = nothing more is read from the server until it settles. */
export type Deliver = (message: FetchedMessage) => Promise<void> | undefined;

interface Streaming {
  readonly uid: number;
  readonly queue: BoundedQueue<Buffer>;
  readonly done: Promise<void>;
}

const BODY_ITEM = "BODY[]";

/** Turns the FETCH responses of several commands into deliveries, one at a time. */
export class BodyDelivery {
  readonly delivered: number[] = [];
  readonly #connection: ImapConnection;
  readonly #deliver: Deliver;
  readonly #wanted: Set<number>;
  /** Messages that went by because their UID was not known in time. */
  #unnamed: number[] = [];
  #streaming: Streaming | null = null;
  /** What `deliver` threw: the reason why the connection was closed. */
  #thrown: { readonly error: unknown } | null = null;

  constructor(connection: ImapConnection, uids: readonly number[], deliver: Deliver) {
    this.#connection = connection;
    this.#deliver = deliver;
    this.#wanted = new Set(uids);
  }

  /** UIDs to ask for again, one at a time. */
  takeUnnamed(): number[] {
    const unnamed = this.#unnamed;
    this.#unnamed = [];
    return unnamed;
  }

  /** A message too large to be kept begins. `onlyUid`: the command asked for this one alone. */
  onLiteral(start: UntaggedData, size: number, onlyUid: number | null): LiteralSink | null {
    if (start.name !== "FETCH") return null;
    const list = readValues(start.rest, { unfinished: true })[0];
    if (textOf(itemsOf(list).at(-1))?.toUpperCase() !== BODY_ITEM) return null;
    const uid = numberOf(pairsOf(list).get("UID")) ?? onlyUid;
    if (uid === null || !this.#wanted.delete(uid)) return () => undefined;
    const queue = new BoundedQueue<Buffer>(BODY_WINDOW_OCTETS, (piece) => piece.length);
    const done = Promise.resolve(this.#run({ uid, size, body: queue, whole: null })).finally(() =>
      queue.abandon(),
    );
    // It is waited for when the response ends.
    done.catch(() => undefined);
    this.#streaming = { uid, queue, done };
    let left = size;
    return (piece) => {
      left -= piece.length;
      const room = queue.put(piece);
      if (left === 0) queue.end();
      return room;
    };
  }

  /** A response is whole. The promise = its delivery. */
  onResponse(response: Untagged, onlyUid: number | null): boolean | Promise<void> {
    if (response.kind !== "data" || response.name !== "FETCH") return false;
    const plain = plainBody(response);
    if (plain !== null)
      return this.#wanted.delete(plain.uid) ? this.#runWhole(plain.uid, plain.octets) : true;
    const values = pairsOf(readValues(response.rest)[0]);
    const body = values.get(BODY_ITEM);
    if (body === undefined) return false;
    const uid = numberOf(values.get("UID")) ?? onlyUid;
    if (body.kind === "streamed") return this.#endOfStreamed(uid);
    if (uid === null || !this.#wanted.delete(uid)) return true;
    return this.#runWhole(uid, octetsOf(body));
  }

  /** The connection is lost. @throws what `deliver` threw where that was the reason, else `lost` */
  async abort(lost: Error): Promise<never> {
    const streaming = this.#streaming;
    if (streaming !== null) {
      streaming.queue.fail(lost);
      await Promise.allSettled([streaming.done]);
    }
    throw this.#thrown === null ? lost : this.#thrown.error;
  }

  #endOfStreamed(uid: number | null): boolean | Promise<void> {
    const streaming = this.#streaming;
    if (streaming === null) {
      if (uid !== null && this.#wanted.has(uid)) this.#unnamed.push(uid);
      return true;
    }
    this.#streaming = null;
    if (uid !== null && uid !== streaming.uid)
      throw protocolFault(this.#connection, "gave two UIDs for one message");
    return streaming.done;
  }

  #runWhole(uid: number, octets: Buffer): true | Promise<void> {
    return this.#run(new WholeMessage(uid, octets)) ?? true;
  }

  #run(message: FetchedMessage): Promise<void> | undefined {
    const taken = this.#deliver(message);
    if (taken === undefined) {
      this.delivered.push(message.uid);
      return undefined;
    }
    return taken.then(
      () => void this.delivered.push(message.uid),
      (error: unknown) => {
        this.#thrown ??= { error };
        this.#connection.fail(asFailure(error));
        throw error;
      },
    );
  }
}

/** NIL and "" are both an empty message: RFC 9051 §7.5.2 knows no other way to say it. */
function octetsOf(body: Value): Buffer {
  if (isNil(body)) return Buffer.alloc(0);
  return body.kind === "string" ? body.octets : Buffer.from(textOf(body) ?? "", "latin1");
}

/** A message that was kept: its body is made into pieces for the few who read it so. */
class WholeMessage implements FetchedMessage {
  readonly uid: number;
  readonly whole: Buffer;

  constructor(uid: number, whole: Buffer) {
    this.uid = uid;
    this.whole = whole;
  }

  get size(): number {
    return this.whole.length;
  }

  get body(): AsyncIterable<Buffer> {
    return once(this.whole);
  }
}

async function* once(octets: Buffer): AsyncGenerator<Buffer, void, undefined> {
  if (octets.length > 0) yield octets;
}

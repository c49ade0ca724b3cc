import { invariant } from "../../kit/invariant.ts";
import { printable } from "../../kit/text.ts";
import { Failure } from "../../model/failure.ts";
import { type FetchedMessage, fetchBodies } from "../../upstream/imap/commands/fetch-bodies.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { localEnd } from "../../upstream/left-behind.ts";
import { closePair, type Pair } from "../connect.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import type { Pass } from "../pass.ts";
import { AppendSender, type Sending } from "./append-sender.ts";
import { type Aftermath, Landing } from "./landing.ts";

/** Messages that go out together under one intent. */
export interface Wave extends Sending {
  /** By ascending UID. */
  readonly messages: readonly MessageMetadata[];
}

/** A wave whose messages have all left the source. */
export interface Flight {
  readonly wave: Wave;
  /** The connections were lost while it was sent. */
  readonly isBroken: boolean;
  /** Every message is answered for and recorded. Never rejects: what went wrong is in it. */
  readonly landed: Promise<Landed>;
}

/** How a wave ended. */
export type Landed =
  | { readonly kind: "down"; readonly aftermath: Aftermath }
  | { readonly kind: "broken"; readonly error: unknown; readonly suspects: readonly MessageMetadata[] };

/**
 * Sends one wave: the intent, then bodies straight from one server's literal into the other's, many in one command, commands back to back. Resolves
 * when the source has handed all out, so that the next wave can begin while the target's answers to this one come in.
 * @param onAsked called when the source has been asked for all of it and the lane may open another folder
 * @throws whatever fails before the first octet is sent
 */
export async function pipeWave(
  pass: Pass,
  folder: FolderPair,
  wave: Wave,
  onAsked?: () => void,
): Promise<Flight> {
  const intentId = pass.intentId(folder.lane);
  const { pair } = folder.lane;
  const giveBack = await pass.locks.send(folder.target);
  pass.intentsUnderWay.add(intentId);
  const done = () => {
    pass.intentsUnderWay.delete(intentId);
    pass.progress.endUnderWay(folder.source, wave.messages);
    giveBack();
  };
  try {
    await announce(pass, folder, wave, intentId);
  } catch (error) {
    done();
    throw error;
  }
  const landing = new Landing(pass, folder, wave.messages.length);
  const sender = new AppendSender(pass, folder, wave, (answer) => landing.take(answer));
  const came = new Set<number>();
  try {
    const refusal = await handOver(pass, folder, wave, sender, came, onAsked);
    const landed = land({ pass, pair, wave, intentId, sender, landing, came, refusal }).finally(done);
    return { wave, isBroken: false, landed };
  } catch (error) {
    const broken = await breakOff(pair, wave, sender, landing, came, error).finally(done);
    return { wave, isBroken: true, landed: Promise.resolve(broken) };
  }
}

/** Before the first octet: what a crash or a lost connection leaves is told by this. */
async function announce(pass: Pass, folder: FolderPair, wave: Wave, intentId: string): Promise<void> {
  const { source, target } = folder.opened;
  assertNew(pass, folder, wave);
  await pass.ledger.intend({
    id: intentId,
    source: folder.source,
    sourceUidValidity: source.uidValidity,
    target: folder.target,
    targetUidValidity: target.uidValidity,
    targetUidNext: folder.nextTargetUid,
    sourceUids: wave.messages.map((message) => message.uid),
    at: new Date(pass.deps.clock.now()).toISOString(),
    via: localEnd(folder.lane.target),
  });
}

/** A fault of ours must not become a second copy: nothing is sent that is known to be there or on its way. */
function assertNew(pass: Pass, folder: FolderPair, wave: Wave): void {
  const uids = new Set(wave.messages.map(({ uid }) => uid));
  invariant(uids.size === wave.messages.length, "a message is in a wave once");
  const announced = pass.ledger.intentsOf(folder.source).flatMap(({ sourceUids }) => sourceUids);
  invariant(!announced.some((uid) => uids.has(uid)), "a message is on its way once");
  invariant(!wave.messages.some(({ uid }) => folder.knows(uid)), "a message is copied once");
}

/** Passes messages on until all have come, or the pass is asked to stop. The words are the source's, where it did not give all. */
async function handOver(
  pass: Pass,
  folder: FolderPair,
  wave: Wave,
  sender: AppendSender,
  came: Set<number>,
  onAsked: (() => void) | undefined,
): Promise<string> {
  const byUid = new Map(wave.messages.map((message) => [message.uid, message]));
  const { clock, governor } = pass.deps;
  const { source } = pass.domain;
  const { brought, source: from } = folder.lane;
  const began = clock.now();
  try {
    const deliver = (fetched: FetchedMessage) => {
      const message = byUid.get(fetched.uid);
      if (message === undefined || came.has(fetched.uid)) return undefined;
      // A FETCH cannot be called back: its connection is given up, and the target gets a whole command nevertheless.
      if (pass.isStopping) return Promise.reject(new StoppedError());
      brought.octets += fetched.size;
      const isWaiting = governor.capped(source) && fetched.whole !== null;
      const room = isWaiting
        ? governor.spend(source, fetched.size, pass.ending).then(() => sender.take(message, fetched))
        : sender.take(message, governor.capped(source) ? atCap(pass, fetched) : fetched);
      // One that is streamed has not come where the source is lost in the middle of it.
      const noteCame = () => {
        if (fetched.whole !== null || from.isOpen) came.add(fetched.uid);
      };
      if (room === undefined) noteCame();
      return room?.then(noteCame);
    };
    const { refusal } = await fetchBodies(from, [...byUid.keys()], deliver, onAsked);
    return printable(refusal ?? "it gave no reason");
  } catch (error) {
    if (error instanceof StoppedError) return "";
    throw error;
  } finally {
    brought.ms += clock.now() - began;
  }
}

/** A message too large to be kept comes piece by piece as the cap allows: a server that waits long for its next octet may end the connection. */
function atCap({ deps, domain, ending }: Pass, { uid, size, body: whole }: FetchedMessage): FetchedMessage {
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    for await (const piece of whole) {
      await deps.governor.spend(domain.source, piece.length, ending);
      yield piece;
    }
  }
  return { uid, size, body: body(), whole: null };
}

class StoppedError extends Error {
  override readonly name = "StoppedError";
}

async function land(at: {
  readonly pass: Pass;
  readonly pair: Pair;
  readonly wave: Wave;
  readonly intentId: string;
  readonly sender: AppendSender;
  readonly landing: Landing;
  readonly came: ReadonlySet<number>;
  readonly refusal: string;
}): Promise<Landed> {
  const { pair, wave, sender, landing } = at;
  try {
    await sender.end();
    const missing = at.pass.isStopping ? [] : wave.messages.filter(({ uid }) => !at.came.has(uid));
    const aftermath = await landing.end(at.intentId);
    return { kind: "down", aftermath: { ...aftermath, missing, sourceWords: at.refusal } };
  } catch (error) {
    return await breakOff(pair, wave, sender, landing, at.came, error);
  }
}

/** Both connections are of no further use: nobody knows what the target makes of the rest. What it has answered is recorded nevertheless. */
async function breakOff(
  pair: Pair,
  wave: Wave,
  sender: AppendSender,
  landing: Landing,
  came: ReadonlySet<number>,
  error: unknown,
): Promise<Landed> {
  closePair(pair);
  await sender.abandon(error instanceof Error ? error : new Error(String(error)));
  const suspects = suspectsOf(wave, sender, landing, came, error);
  try {
    await landing.recordAnswered();
  } catch (unrecorded) {
    return { kind: "broken", error: unrecorded, suspects };
  }
  return { kind: "broken", error, suspects };
}

/**
 * Which messages may have broken the connection: the one that the source was handing out, or those of the first command that the target did not
 * answer.
 */
function suspectsOf(
  wave: Wave,
  sender: AppendSender,
  landing: Landing,
  came: ReadonlySet<number>,
  error: unknown,
): readonly MessageMetadata[] {
  if (error instanceof Failure && error.kind.startsWith("target"))
    return sender.commands.find((messages) => !landing.isAnswered(messages[0])) ?? [];
  const next = wave.messages.find(({ uid }) => !came.has(uid));
  return next === undefined ? [] : [next];
}

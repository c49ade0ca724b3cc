import { printable } from "../../kit/text.ts";
import { Failure } from "../../model/failure.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { keepPace } from "../governor/keep-pace.ts";
import { cutWaves, halve, waveOctets } from "../lanes/batches.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import { BATCH_MESSAGES, WAVES_UNDER_WAY } from "../limits.ts";
import { FolderTroubleError, type Pass } from "../pass.ts";
import { refusedEntry } from "../record.ts";
import { listByUid } from "../recovery/reconcile.ts";
import { type Obstacle, offerAgain } from "../refused/offer-again.ts";
import { withSubjects } from "../refused/subjects.ts";
import { BreakingMessages, brokenConnection } from "./breaking.ts";
import { type Aftermath, isWithoutTrouble } from "./landing.ts";
import { type Flight, type Landed, pipeWave, type Wave } from "./pipe.ts";
import { sizeLimit } from "./size-limit.ts";

/** A wave to be sent, and what it is sent for. */
interface Part extends Wave {
  /** Nothing else is on the way with it, so that it is known what a break or a refusal is due to. */
  readonly isAlone: boolean;
  readonly keywords: "sent" | "left out";
  /** What the target said of its one message when that came alone and as it is: now it is offered in other forms. */
  readonly refusedFor: string | null;
}

type BrokenLanding = Extract<Landed, { kind: "broken" }>;

const isAnyFlag = () => true;
const isKeyword = (flag: string) => !flag.startsWith("\\");

/**
 * Sends messages of one folder that the ledger does not know, in waves that follow each other closely. One message never stops the others: what a
 * server refuses is found by halving and dealt with alone, and a message that breaks a connection is found and recorded too.
 */
export class FolderSender {
  readonly #pass: Pass;
  readonly #folder: FolderPair;
  readonly #breaking = new BreakingMessages();
  readonly #parts: Part[] = [];
  readonly #comeBack: () => Promise<void>;
  #flights: { readonly part: Part; readonly flight: Flight }[] = [];

  /** @param comeBack ends what the lane has begun since all was handed out */
  constructor(pass: Pass, folder: FolderPair, comeBack: () => Promise<void> = async () => undefined) {
    this.#pass = pass;
    this.#folder = folder;
    this.#comeBack = comeBack;
  }

  /**
   * Sends messages in the given order. When it resolves the source has handed them out; what the target says is waited for by the next
   * call, or by `finish`.
   * @param onAsked called when the source has been asked for the last of them; not called where that cannot be known
   * @throws {Failure} when the pass cannot go on; {FolderTroubleError} when the folder cannot
   */
  async send(fresh: readonly MessageMetadata[], onAsked?: () => void): Promise<void> {
    const fitting = await this.#withoutTooLarge(fresh);
    for (const messages of this.#waves(fitting)) this.#parts.push(this.#part(messages));
    await this.#orLanded(this.#sendParts(onAsked));
  }

  /** Waits until every message is stored and recorded, or dealt with. @throws as `send` */
  async finish(): Promise<void> {
    while (this.#flights.length > 0 || this.#parts.length > 0) {
      await this.#orLanded(this.#landAll());
      await this.#orLanded(this.#sendParts());
    }
  }

  /** Waits until nothing is on its way, whatever becomes of it: what ends here leaves nothing that would have to be looked for. */
  async landed(): Promise<void> {
    await Promise.all(this.#flights.map(({ flight }) => flight.landed));
  }

  async #orLanded(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      await this.landed();
      throw error;
    }
  }

  /**
   * Waits for what is on its way without the folder being open any more. False where something is left to do: then the folder is to be copied again, and what
   * was stored is known by then.
   */
  async landFromAfar(): Promise<boolean> {
    let isClean = this.#parts.length === 0;
    for (const { flight } of this.#flights) {
      const landed = await flight.landed;
      if (landed.kind === "broken" || !isWithoutTrouble(landed.aftermath)) isClean = false;
    }
    this.#flights = [];
    // After a stop nobody has looked whether the source has handed out all.
    return isClean && !this.#pass.isStopping;
  }

  /** New connections after one of them broke outside of sending; what was on its way is sent again with the rest. */
  async startAgain(): Promise<void> {
    this.#folder.lane.close();
    const landings = await Promise.all(this.#flights.map(({ flight }) => flight.landed));
    const broken = landings.find((landed) => landed.kind === "broken");
    if (broken !== undefined) return await this.#afterBreak(broken);
    await this.#startLane();
    await this.#landAll();
  }

  async #startLane(): Promise<void> {
    this.#folder.lane.close();
    await this.#comeBack();
    await this.#folder.lane.reconnect();
    await this.#folder.reopen();
  }

  async #sendParts(onAsked?: () => void): Promise<void> {
    for (let part = this.#parts.shift(); part; part = this.#parts.shift()) {
      if (this.#pass.isStopping) await this.#landAll();
      this.#pass.checkpoint();
      if (part.isAlone) await this.#landAll();
      const [only] = part.messages;
      if (part.refusedFor !== null && only) {
        await this.#offerAgain(part, only, part.refusedFor);
        continue;
      }
      while (this.#flights.length >= WAVES_UNDER_WAY) await this.#landFirst();
      await keepPace(this.#pass, this.#folder.lane);
      await this.#beOpen();
      const isLast = this.#parts.length === 0 && !part.isAlone;
      const flight = await pipeWave(this.#pass, this.#folder, part, isLast ? onAsked : undefined);
      this.#flights.push({ part, flight });
      if (part.isAlone || flight.isBroken) await this.#landAll();
    }
  }

  /** Messages asked for by UID are those of the folder that is open. */
  async #beOpen(): Promise<void> {
    if (this.#folder.isOpen) return;
    await this.#comeBack();
    await this.#folder.beOpen();
  }

  async #landAll(): Promise<void> {
    while (this.#flights.length > 0) await this.#landFirst();
  }

  async #landFirst(): Promise<void> {
    const [first] = this.#flights;
    if (first === undefined) return;
    const landed = await first.flight.landed;
    if (landed.kind === "broken") return await this.#afterBreak(landed);
    this.#flights.shift();
    if (landed.aftermath.stored > 0) this.#breaking.noteProgress();
    await this.#lookAfter(first.part, landed.aftermath);
  }

  /** New connections, a look at what arrived, and the rest again: what may have been the cause alone, and in halves. */
  async #afterBreak(broken: BrokenLanding): Promise<void> {
    const lost = this.#flights;
    for (const { flight } of lost) await flight.landed;
    this.#flights = [];
    const failure = brokenConnection(broken.error);
    this.#breaking.noteBreak(failure);
    this.#pass.checkpoint();
    await this.#startLane();
    const messages = lost.flatMap(({ part }) => part.messages);
    const left = messages.filter(({ uid }) => !this.#folder.knows(uid));
    if (left.length < messages.length) this.#breaking.noteProgress();
    const [part] = lost.map((one) => one.part);
    const [only] = left;
    if (part?.isAlone && left.length === 1 && only && this.#breaking.isCause(only.uid, failure)) {
      await this.#recordBreaking(only, failure);
      return;
    }
    const suspects = new Set(broken.suspects.map(({ uid }) => uid));
    const before = left.filter(({ uid }) => !suspects.has(uid) && uid < Math.min(...suspects));
    const after = left.filter(({ uid }) => !suspects.has(uid) && !before.some((one) => one.uid === uid));
    const alone = halve(left.filter(({ uid }) => suspects.has(uid)));
    this.#parts.unshift(
      ...this.#waves(before).map((some) => this.#part(some)),
      ...alone.map((some) => this.#part(some, { isAlone: true })),
      ...this.#waves(after).map((some) => this.#part(some)),
    );
  }

  #waves(messages: readonly MessageMetadata[]): MessageMetadata[][] {
    const { deps, domain } = this.#pass;
    const portion = deps.governor.portion(domain.source);
    return cutWaves(messages, waveOctets(portion, this.#folder.lane.brought));
  }

  /** Nothing else is on the way, so that a break is this message's, and the lane may be connected anew. */
  async #offerAgain(part: Part, message: MessageMetadata, words: string): Promise<void> {
    try {
      const obstacle = await offerAgain(this.#pass, this.#folder, message, words);
      this.#endWhereNothingFits(obstacle, this.#folder.knows(message.uid));
    } catch (error) {
      const failure = brokenConnection(error);
      this.#pass.checkpoint();
      await this.#startLane();
      if (this.#folder.knows(message.uid)) this.#breaking.noteProgress();
      else if (this.#breaking.isCause(message.uid, failure)) await this.#recordBreaking(message, failure);
      else this.#parts.unshift(part);
    }
  }

  async #recordBreaking(message: MessageMetadata, failure: Failure): Promise<void> {
    const words = failure.kind.startsWith("source")
      ? "the old server breaks off while sending it"
      : "the target breaks off while storing it";
    await this.#pass.ledger.record(this.#folder.source, [refusedEntry(message, words)], null);
  }

  /** What the answers to a wave ask for. */
  async #lookAfter(part: Part, aftermath: Aftermath): Promise<void> {
    const isNeeded = aftermath.missing.length + aftermath.refused.length > 0;
    if (isNeeded) await this.#beOpen();
    await this.#askForMissing(part, aftermath);
    const again: Part[] = [];
    for (const { messages, words } of aftermath.refused) {
      const [only] = messages;
      if (messages.length > 1 && only)
        again.push(this.#part(messages, { ...part, perCommand: Math.ceil(messages.length / 2) }));
      else if (only && part.keywords === "sent" && only.flags.some(isKeyword))
        // A message is worth more than its keywords (Dovecot refuses those that are too long, or too many).
        again.push(this.#part([only], { keywords: "left out", isAlone: true }));
      else if (only) again.push(this.#part([only], { isAlone: true, refusedFor: words }));
    }
    this.#parts.unshift(...again);
    this.#endWhereNothingFits(aftermath, aftermath.stored > 0);
  }

  /** Messages that did not come: either they were deleted at the source meanwhile, or it cannot read them. */
  async #askForMissing(part: Part, { missing, sourceWords }: Aftermath): Promise<void> {
    if (missing.length === 0) return;
    const uids = missing.map(({ uid }) => uid);
    const listed = await listByUid(this.#folder.lane.source, uids, { messageId: false });
    if (part.messages.length > 1) {
      this.#parts.unshift(...listed.map((message) => this.#part([message], { isAlone: true })));
      return;
    }
    const words = `the old server does not hand it out: ${sourceWords}`;
    const entries = listed.map((message) => refusedEntry(message, words));
    await this.#pass.ledger.record(this.#folder.source, entries, null);
  }

  #endWhereNothingFits({ overQuota, folderGone, postponed }: Obstacle, someStored: boolean): void {
    const { address } = this.#pass.account;
    if (overQuota !== null)
      throw new Failure(
        "target-over-quota",
        `the mailbox of ${address} on the target is full: ${overQuota}. Give it more room; the copy goes on by itself`,
      );
    const name = printable(this.#folder.target);
    if (folderGone !== null)
      throw new FolderTroubleError(
        new Failure(
          "target-protocol",
          `the folder "${name}" of ${address} on the target is gone: ${folderGone}`,
        ),
      );
    if (postponed !== null) this.#pass.postpone(this.#folder, postponed, someStored);
  }

  /** Messages that are not even sent. */
  async #withoutTooLarge(fresh: readonly MessageMetadata[]): Promise<readonly MessageMetadata[]> {
    const limit = sizeLimit(this.#pass, this.#folder.lane.target);
    if (limit === null) return fresh;
    const tooLarge = fresh.filter((message) => message.size > limit.octets);
    const entries = tooLarge.map((message) => refusedEntry(message, limit.words));
    const named = await withSubjects(this.#folder.lane.source, entries);
    await this.#pass.ledger.record(this.#folder.source, named, null);
    return fresh.filter((message) => message.size <= limit.octets);
  }

  #part(messages: readonly MessageMetadata[], how: Partial<Part> = {}): Part {
    const takesMany = this.#folder.lane.target.has("MULTIAPPEND");
    const keywords = how.keywords ?? "sent";
    return {
      messages,
      perCommand: how.perCommand ?? (takesMany ? BATCH_MESSAGES : 1),
      takesFlag: keywords === "sent" ? isAnyFlag : (flag) => !isKeyword(flag),
      isAlone: how.isAlone ?? false,
      keywords,
      refusedFor: how.refusedFor ?? null,
    };
  }
}

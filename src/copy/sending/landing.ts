import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { noop } from "../../upstream/imap/commands/noop.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import { RECORD_DELAY_MS, RECORD_MESSAGES } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { storedEntry } from "../record.ts";
import { findArrivals } from "../recovery/reconcile.ts";
import type { Answer } from "./append-sender.ts";
import { type Judgement, judge, type RefusedGroup } from "./verdict.ts";

/** What is left to do of a wave that the target has answered. */
export interface Aftermath {
  /** Refused together: one of them may be the reason. Or refused alone. */
  readonly refused: readonly RefusedGroup[];
  /** The server's words, where the mailbox is full, the folder gone, or messages should be tried again later. */
  readonly overQuota: string | null;
  readonly folderGone: string | null;
  readonly postponed: { readonly messages: number; readonly words: string } | null;
  readonly stored: number;
  /** Messages that the source did not hand out, and its words. */
  readonly missing: readonly MessageMetadata[];
  readonly sourceWords: string;
}

/** Whether nothing is left to do. */
export function isWithoutTrouble(aftermath: Aftermath): boolean {
  const { refused, missing, overQuota, folderGone, postponed } = aftermath;
  const isSilent = overQuota === null && folderGone === null && postponed === null;
  return isSilent && refused.length === 0 && missing.length === 0;
}

/** The target's answers to one wave: gathers them, and writes what is stored into the ledger, many at a time. */
export class Landing {
  readonly #pass: Pass;
  readonly #folder: FolderPair;
  readonly #expected: number;
  readonly #answered = new Set<number>();
  /** Stored, and the target did not say under which UID (no UIDPLUS, RFC 4315). */
  readonly #nameless: MessageMetadata[] = [];
  #toRecord: { message: MessageMetadata; targetUid: number | null }[] = [];
  #recordedAt: number;
  #recording: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  #outcome: Omit<Aftermath, "missing" | "sourceWords"> = {
    refused: [],
    overQuota: null,
    folderGone: null,
    postponed: null,
    stored: 0,
  };

  constructor(pass: Pass, folder: FolderPair, expected: number) {
    this.#pass = pass;
    this.#folder = folder;
    this.#expected = expected;
    this.#recordedAt = pass.deps.clock.now();
  }

  isAnswered(message: MessageMetadata | undefined): boolean {
    return message !== undefined && this.#answered.has(message.uid);
  }

  take(answer: Answer): void {
    for (const { uid } of answer.messages) this.#answered.add(uid);
    this.#add(judge(answer));
    const { clock } = this.#pass.deps;
    const isDue =
      this.#toRecord.length >= RECORD_MESSAGES || clock.now() - this.#recordedAt >= RECORD_DELAY_MS;
    // The last ones are recorded together with the end of the intent.
    if (isDue && this.#answered.size < this.#expected) this.#recordSoon(null);
  }

  /**
   * Every command is answered: records the rest and ends the intent. A server with trouble of its own, or whose folder goes away under it, may have stored what it
   * says it has not (Dovecot does where a folder is renamed meanwhile): then the intent stays, and what arrived is looked for before anything is sent again.
   * @throws {Failure} when the ledger is not ours any more
   */
  async end(intentId: string): Promise<Omit<Aftermath, "missing" | "sourceWords">> {
    if (this.#nameless.length > 0) await this.#lookUpNameless();
    const { postponed, folderGone } = this.#outcome;
    this.#recordSoon(postponed === null && folderGone === null ? intentId : null);
    await this.#recorded();
    return this.#outcome;
  }

  /** After a break: what was answered is known. What keeps it from being written is found again by the reconciliation. */
  async recordAnswered(): Promise<void> {
    if (this.#pass.lost.aborted) return;
    this.#recordSoon(null);
    await this.#recorded();
  }

  #add(judgement: Judgement): void {
    const { stored } = judgement;
    const validity = this.#folder.opened.target.uidValidity;
    for (const one of stored) {
      this.#pass.noteUidNamed(one.uidValidity !== null);
      if (one.uidValidity === null) this.#nameless.push(one.message);
      // Another UIDVALIDITY: the folder was made anew, and the UID will mean nothing when it is opened next.
      else this.#toRecord.push({ ...one, targetUid: one.uidValidity === validity ? one.targetUid : null });
    }
    const before = this.#outcome;
    const postponed = (before.postponed?.messages ?? 0) + (judgement.postponed?.messages ?? 0);
    this.#outcome = {
      refused: judgement.refused === null ? before.refused : [...before.refused, judgement.refused],
      overQuota: before.overQuota ?? judgement.overQuota,
      folderGone: before.folderGone ?? judgement.folderGone,
      postponed:
        postponed === 0
          ? null
          : { messages: postponed, words: judgement.postponed?.words ?? before.postponed?.words ?? "" },
      stored: before.stored + stored.length,
    };
  }

  /** Where the lane has another folder open already, their UIDs stay unknown: it named those of others, or it would not have gone on. */
  async #lookUpNameless(): Promise<void> {
    const { lane, nextTargetUid } = this.#folder;
    const arrived = new Map<number, MessageMetadata>();
    if (this.#folder.isOpen) {
      await noop(lane.target);
      const found = await findArrivals(this.#pass, this.#folder, this.#nameless, nextTargetUid);
      for (const [uid, twin] of found) arrived.set(uid, twin);
    }
    for (const message of this.#nameless)
      this.#toRecord.push({ message, targetUid: arrived.get(message.uid)?.uid ?? null });
  }

  #recordSoon(intentId: string | null): void {
    const some = this.#toRecord;
    this.#toRecord = [];
    this.#recordedAt = this.#pass.deps.clock.now();
    // Once something could not be written the intent stays: it tells the next pass what to look for.
    this.#recording = this.#recording
      .then(() => this.#record(some, this.#failure === null ? intentId : null))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }

  async #record(
    some: readonly { message: MessageMetadata; targetUid: number | null }[],
    intentId: string | null,
  ): Promise<void> {
    if (some.length === 0 && intentId === null) return;
    const { source } = this.#folder;
    const entries = some.map(({ message, targetUid }) => storedEntry(message, targetUid));
    await this.#pass.ledger.record(source, entries, intentId);
    let bytes = 0;
    for (const { message, targetUid } of some) {
      bytes += message.size;
      if (targetUid !== null) this.#folder.noteStored(targetUid);
    }
    const messages = some.map(({ message }) => message);
    this.#pass.progress.endUnderWay(source, messages);
    this.#pass.noteCopied(source, some.length, bytes);
    await this.#pass.batchIsRecorded();
  }

  async #recorded(): Promise<void> {
    await this.#recording;
    if (this.#failure !== null) throw this.#failure.error;
  }
}

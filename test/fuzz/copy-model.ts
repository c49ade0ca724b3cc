import { caughtUp, flagCommands, underWay } from "../../src/copy/changes/catch-up.ts";
import { diffListing } from "../../src/copy/changes/diff.ts";
import { cutWaves } from "../../src/copy/lanes/batches.ts";
import { WindowCursor } from "../../src/copy/lanes/window-cursor.ts";
import {
  AccountLedger,
  arrivedEntry,
  refusedEntry,
  storedEntry,
  withoutTargetUids,
} from "../../src/copy/record.ts";
import { groupTwins, renumber } from "../../src/copy/recovery/rematch.ts";
import { judge } from "../../src/copy/sending/verdict.ts";
import type { LedgerStore } from "../../src/store/store.ts";
import type { AppendManyResult } from "../../src/upstream/imap/commands/append.ts";
import type { MessageMetadata } from "../../src/upstream/imap/commands/fetch-metadata.ts";
import { type Kind, listedAs, match, type SourceMessage, type TargetMessage } from "./copy-model-messages.ts";

/** A server folder: what is in it, and what the next message will be called. */
export class ModelFolder<Message extends { readonly uid: number }> {
  messages: Message[] = [];
  uidValidity = 1;
  uidNext = 1;
}

/** Which messages of a folder come first. */
export type CopyOrder = "newest-first" | "oldest-first";

/** Thrown where the process is killed. */
export class KilledError extends Error {
  override readonly name = "KilledError";
}

const FOLDER = "INBOX";
const PER_COMMAND = 2;

/**
 * Two servers with one folder each, and the copier between them: the decisions are the program's own (diff, batches, match, verdict, ledger), the
 * network is left out.
 */
export class CopyModel {
  readonly source = new ModelFolder<SourceMessage>();
  readonly target = new ModelFolder<TargetMessage>();
  /** Every append of a kind that the target has ever stored for us. */
  readonly stored = new Map<Kind, number>();
  /** What the copier did to messages that are none of its own. */
  readonly trespasses: string[] = [];
  readonly #store: LedgerStore;
  readonly #address: string;
  #token = 0;
  /** Appends that wait in the target's buffers when the process dies. */
  #buffered: { kind: Kind; flags: Set<string> }[][] = [];
  /** Steps until the process is killed. */
  #stepsLeft = Number.POSITIVE_INFINITY;

  readonly #order: CopyOrder;

  constructor(store: LedgerStore, address: string, order: CopyOrder) {
    this.#order = order;
    this.#store = store;
    this.#address = address;
  }

  addSource(kind: Kind, flags: readonly string[]): void {
    this.source.messages.push({ uid: this.source.uidNext, kind, flags: new Set(flags) });
    this.source.uidNext += 1;
  }

  addForeign(kind: Kind): void {
    this.#put(kind, new Set(["foreign"]), true);
  }

  /**
   * One pass. `killAfter` steps (a step is a write to the store or an append) the process dies; of the appends that were sent but not yet stored then,
   * `lateArrivals` are stored all the same, later.
   */
  async pass(killAfter: number, lateArrivals: number): Promise<void> {
    this.#stepsLeft = killAfter;
    this.#buffered = [];
    try {
      await this.#pass();
    } catch (error) {
      if (!(error instanceof KilledError)) throw error;
      // The next pass waits until the target is quiet, so all that arrives late has arrived before it looks.
      for (const command of this.#buffered.slice(0, lateArrivals))
        for (const { kind, flags } of command) this.#put(kind, flags, false);
    } finally {
      this.#buffered = [];
    }
  }

  async #pass(): Promise<void> {
    this.#token += 1;
    const ledger = await AccountLedger.open(this.#store, this.#address, this.#token);
    if (!ledger.folder(FOLDER)) await ledger.putHead(head(0, null));
    await this.#bringInStep(ledger);
    await this.#reconcile(ledger);
    const { messages, uidNext } = this.source;
    const cursor = new WindowCursor({ exists: messages.length, uidNext }, this.#order, 3);
    for (let window = cursor.next(); window; window = cursor.next()) {
      const { first, last } = window;
      const listed = messages.filter(({ uid }) => uid >= first && uid <= last).map(listedAs);
      cursor.noteListed(window, listed.length);
      const { fresh, flagChanges } = diffListing(entriesOf(ledger), listed);
      for (const wave of cutWaves(fresh)) await this.#sendWave(ledger, wave, PER_COMMAND);
      this.#step();
      await ledger.record(FOLDER, underWay(flagChanges), null);
      for (const { mode, flags, uids } of flagCommands(flagChanges, null))
        this.#storeFlags(mode, flags, uids);
      this.#step();
      await ledger.record(FOLDER, caughtUp(flagChanges), null);
    }
    await ledger.fold();
  }

  async #bringInStep(ledger: AccountLedger): Promise<void> {
    const record = ledger.folder(FOLDER);
    if (!record) throw new Error("no head");
    if (record.head.targetUidValidity !== null && record.head.targetUidValidity !== this.target.uidValidity)
      await ledger.replaceEntries(FOLDER, withoutTargetUids(entriesOf(ledger).values()));
    this.#step();
    if (record.head.sourceUidValidity !== this.source.uidValidity && entriesOf(ledger).size > 0) {
      const listed = this.source.messages.map(listedAs);
      const ids = {
        source: new Map(listed.map(({ uid, messageId }) => [uid, messageId])),
        target: new Map(this.target.messages.map(({ uid, kind }) => [uid, kind.messageId])),
      };
      const groups = groupTwins([...entriesOf(ledger).values()], listed);
      await ledger.replaceEntries(
        FOLDER,
        groups.flatMap((group) => renumber(group, ids)),
      );
    }
    this.#step();
    await ledger.putHead(head(this.source.uidValidity, this.target.uidValidity));
  }

  async #reconcile(ledger: AccountLedger): Promise<void> {
    for (const intent of ledger.intentsOf(FOLDER)) {
      const sameUids = intent.sourceUidValidity === this.source.uidValidity;
      const open = this.source.messages.filter(({ uid }) => !entriesOf(ledger).has(uid));
      const wanted = sameUids ? open.filter(({ uid }) => intent.sourceUids.includes(uid)) : open;
      const from = intent.targetUidValidity === this.target.uidValidity ? intent.targetUidNext : 1;
      const known = ledger.targetUidsIn(FOLDER);
      const found = this.target.messages.filter(({ uid }) => uid >= from && !known.has(uid));
      const pairs = match(wanted, found);
      this.#step();
      const entries = wanted.flatMap((message) => {
        const twin = this.target.messages.find(({ uid }) => uid === pairs.get(message.uid));
        return twin === undefined ? [] : [arrivedEntry(listedAs(message), listedAs(twin))];
      });
      await ledger.record(FOLDER, entries, intent.id);
    }
  }

  /** One intent for all, a command for a few, and each answer recorded when it comes; what is refused together is sent again in halves. */
  async #sendWave(
    ledger: AccountLedger,
    wave: readonly MessageMetadata[],
    perCommand: number,
  ): Promise<void> {
    this.#step();
    await ledger.intend({
      id: "1",
      source: FOLDER,
      sourceUidValidity: this.source.uidValidity,
      target: FOLDER,
      targetUidValidity: this.target.uidValidity,
      targetUidNext: this.target.uidNext,
      sourceUids: wave.map(({ uid }) => uid),
      at: "2026-01-01T00:00:00.000Z",
    });
    const sent = wave.flatMap((message) => this.source.messages.find(({ uid }) => uid === message.uid) ?? []);
    const commands = chunks(sent, perCommand);
    this.#buffered = commands
      .filter((command) => command.every(({ kind }) => !kind.isRefused))
      .map((command) => command.map(({ kind, flags }) => ({ kind, flags: new Set(flags) })));
    const refused: MessageMetadata[][] = [];
    for (const command of commands) {
      this.#step();
      const messages = command.map(listedAs);
      const judgement = judge({ messages, result: this.#append(command) });
      if (judgement.refused !== null) refused.push(messages);
      this.#step();
      const stored = judgement.stored.map(({ message, targetUid }) => storedEntry(message, targetUid));
      await ledger.record(FOLDER, stored, null);
    }
    this.#step();
    await ledger.record(FOLDER, [], "1");
    for (const group of refused) {
      const [only] = group;
      if (group.length > 1) await this.#sendWave(ledger, group, Math.ceil(group.length / 2));
      else if (only) await ledger.record(FOLDER, [refusedEntry(only, "no")], null);
    }
  }

  /** All of a command or nothing. */
  #append(command: readonly SourceMessage[]): AppendManyResult {
    if (command.some(({ kind }) => kind.isRefused)) return { kind: "refused", code: null, text: "no" };
    this.#buffered.shift();
    const uids = command.map(({ kind, flags }) => this.#put(kind, new Set(flags), false));
    return { kind: "stored", uidValidity: this.target.uidValidity, uids };
  }

  #put(kind: Kind, flags: Set<string>, isForeign: boolean): number {
    const uid = this.target.uidNext;
    this.target.uidNext += 1;
    this.target.messages.push({ uid, kind, flags, isForeign, isTouched: false });
    if (!isForeign) this.stored.set(kind, (this.stored.get(kind) ?? 0) + 1);
    return uid;
  }

  #storeFlags(mode: "+" | "-", flags: readonly string[], uids: readonly number[]): void {
    this.#step();
    for (const message of this.target.messages) {
      if (!uids.includes(message.uid)) continue;
      if (message.isForeign) this.trespasses.push(`${mode}${flags.join(" ")} at ${message.uid}`);
      for (const flag of flags) {
        if (mode === "+") message.flags.add(flag);
        else message.flags.delete(flag);
      }
    }
  }

  #step(): void {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) throw new KilledError();
  }
}

/** Whether the ledger knows every message of the source, on the target or with a reason. */
export async function isWhole(model: CopyModel, store: LedgerStore, address: string): Promise<boolean> {
  const [folder] = await store.load(address);
  const known = new Set(folder?.entries.map(({ sourceUid }) => sourceUid));
  return model.source.messages.every(({ uid }) => known.has(uid));
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}

function entriesOf(ledger: AccountLedger) {
  return ledger.folder(FOLDER)?.entries ?? new Map<number, never>();
}

function head(sourceUidValidity: number, targetUidValidity: number | null) {
  return {
    source: FOLDER,
    sourceUidValidity,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target: FOLDER,
    targetUidValidity,
  };
}

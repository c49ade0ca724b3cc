import { Failure } from "../model/failure.ts";
import type { FolderName, LedgerBatch, LedgerEntry, LedgerFolder, LedgerIntent } from "../model/ledger.ts";
import { FencedError, type LedgerStore } from "../store/store.ts";
import type { MessageMetadata } from "../upstream/imap/commands/fetch-metadata.ts";
import { ledgerFlags } from "./changes/diff.ts";
import { isAtSource } from "./changes/entry-state.ts";
import { instantOf } from "./internal-date.ts";

/** What is known of one source folder, without its messages. */
export type FolderHead = Omit<LedgerFolder, "entries">;

/** One folder of the ledger as a pass works with it. */
export interface FolderRecord {
  readonly head: FolderHead;
  /** By source UID. */
  readonly entries: ReadonlyMap<number, LedgerEntry>;
}

/** The ledger's entry of a message that the target has stored, under `targetUid` where that is known. */
export function storedEntry(message: MessageMetadata, targetUid: number | null): LedgerEntry {
  return { ...seenAs(message), targetUid, refusal: null };
}

/**
 * The ledger's entry of a message that was found on the target after a crash. Its flags there are those of the moment when it was sent, and what its user has
 * changed since: agreed is what both sides have, so that flags that the source has set since are still applied and none is taken away.
 */
export function arrivedEntry(message: MessageMetadata, arrived: MessageMetadata): LedgerEntry {
  const there = new Set(arrived.flags.map((flag) => flag.toLowerCase()));
  const agreed = message.flags.filter((flag) => there.has(flag.toLowerCase()));
  return { ...storedEntry(message, arrived.uid), flags: ledgerFlags(agreed) };
}

/** The ledger's entry of a message that does not get onto the target, with the reason in the words of who refused it. */
export function refusedEntry(message: MessageMetadata, refusal: string): LedgerEntry {
  return { ...seenAs(message), targetUid: null, refusal };
}

/** The same messages after the target's folder was made anew: copied once, and their old UIDs mean nothing any more. */
export function withoutTargetUids(entries: Iterable<LedgerEntry>): LedgerEntry[] {
  return [...entries].map((entry) => ({ ...entry, targetUid: null }));
}

/**
 * The ledger of one account under one lease: in memory to be asked, in the store to last. Every change goes to the store first. When a later lease has
 * begun, it throws a `lease-lost` failure and nothing has changed.
 */
export class AccountLedger {
  readonly #store: LedgerStore;
  readonly #address: string;
  readonly #token: number;
  readonly #folders = new Map<FolderName, { head: FolderHead; entries: Map<number, LedgerEntry> }>();
  #intents: LedgerIntent[] = [];

  private constructor(store: LedgerStore, address: string, token: number) {
    this.#store = store;
    this.#address = address;
    this.#token = token;
  }

  /** Fences earlier leases off and reads what they have left. */
  static async open(store: LedgerStore, address: string, token: number): Promise<AccountLedger> {
    const ledger = new AccountLedger(store, address, token);
    await ledger.#fenced(store.begin(address, token));
    for (const { entries, ...head } of await store.load(address)) {
      ledger.#folders.set(head.source, {
        head,
        entries: new Map(entries.map((entry) => [entry.sourceUid, entry])),
      });
    }
    ledger.#intents = await store.intents(address);
    return ledger;
  }

  folder(source: FolderName): FolderRecord | undefined {
    return this.#folders.get(source);
  }

  folders(): FolderRecord[] {
    return [...this.#folders.values()];
  }

  /** Messages of which it says what has become of them, in all folders. */
  get settledCount(): number {
    let count = 0;
    for (const { entries } of this.#folders.values())
      for (const entry of entries.values()) if (entry.tryAgain === undefined) count += 1;
    return count;
  }

  /** Whether nothing has been copied yet. */
  get isEmpty(): boolean {
    return this.folders().every(({ entries }) => entries.size === 0);
  }

  /** Batches of this folder that were begun and never recorded. */
  intentsOf(source: FolderName): LedgerIntent[] {
    return this.#intents.filter((intent) => intent.source === source);
  }

  /** Target UIDs in `target` that belong to recorded messages, of whatever source folder. */
  targetUidsIn(target: FolderName): Set<number> {
    const uids = new Set<number>();
    for (const { head, entries } of this.#folders.values()) {
      if (head.target !== target) continue;
      for (const { targetUid } of entries.values()) if (targetUid !== null) uids.add(targetUid);
    }
    return uids;
  }

  /** Messages of one folder that a server does not let through. */
  refusedIn(source: FolderName): readonly LedgerEntry[] {
    const entries = this.#folders.get(source)?.entries.values() ?? [];
    return [...entries].filter(({ refusal }) => refusal !== null);
  }

  /** Messages of the account that are not on the target because one of the servers does not let them through. */
  refusedCount(): number {
    let count = 0;
    for (const { entries } of this.#folders.values())
      entries.forEach((entry) => {
        if (entry.refusal !== null && isAtSource(entry)) count += 1;
      });
    return count;
  }

  async putHead(head: FolderHead): Promise<void> {
    await this.#fenced(this.#store.putFolder(this.#address, this.#token, head));
    const known = this.#folders.get(head.source);
    this.#folders.set(head.source, { head, entries: known?.entries ?? new Map<number, LedgerEntry>() });
  }

  async replaceEntries(source: FolderName, entries: readonly LedgerEntry[]): Promise<void> {
    const known = this.#known(source);
    await this.#fenced(this.#store.replaceEntries(this.#address, this.#token, source, sorted(entries)));
    known.entries = new Map(entries.map((entry) => [entry.sourceUid, entry]));
  }

  /** To be called before the first octet of a batch is sent. */
  async intend(intent: LedgerIntent): Promise<void> {
    await this.#fenced(this.#store.intend(this.#address, this.#token, intent));
    this.#intents = [...this.#intents.filter(({ id }) => id !== intent.id), intent];
  }

  /** Records what became of messages and clears the intent of that name; entries of known messages replace the old ones. */
  async record(source: FolderName, entries: readonly LedgerEntry[], intentId: string | null): Promise<void> {
    if (entries.length === 0 && intentId === null) return;
    const known = this.#known(source);
    await this.#fenced(
      this.#store.record(this.#address, this.#token, { source, entries: sorted(entries) }, intentId),
    );
    for (const entry of entries) known.entries.set(entry.sourceUid, entry);
    if (intentId !== null) this.#intents = this.#intents.filter(({ id }) => id !== intentId);
  }

  /** As `record`, for several folders at once: a message that has moved is recorded in both or in none. */
  async recordAll(batches: readonly LedgerBatch[], intentId: string | null): Promise<void> {
    const known = batches.map((batch) => ({ batch, folder: this.#known(batch.source) }));
    await this.#fenced(this.#store.recordAll(this.#address, this.#token, batches, intentId));
    for (const { batch, folder } of known)
      for (const entry of batch.entries) folder.entries.set(entry.sourceUid, entry);
    if (intentId !== null) this.#intents = this.#intents.filter(({ id }) => id !== intentId);
  }

  /** The source calls the folder `to` from now on: what is known of it goes with it. */
  async renameFolder(from: FolderName, to: FolderName): Promise<void> {
    const { head, entries } = this.#known(from);
    await this.#fenced(this.#store.renameFolder(this.#address, this.#token, from, to));
    this.#folders.delete(from);
    this.#folders.set(to, { head: { ...head, source: to }, entries });
    this.#intents = this.#intents.map((intent) =>
      intent.source === from ? { ...intent, source: to } : intent,
    );
  }

  /** The target calls the folder's place `target` from now on: what was on its way there is looked for under the new name. */
  async renameTarget(source: FolderName, target: FolderName): Promise<void> {
    const { head } = this.#known(source);
    for (const intent of this.intentsOf(source))
      if (intent.target === head.target) await this.intend({ ...intent, target });
    await this.putHead({ ...head, target });
  }

  async fold(): Promise<void> {
    const known = (source: FolderName) => this.#folders.get(source)?.entries.values();
    await this.#fenced(this.#store.fold(this.#address, this.#token, known));
  }

  #known(source: FolderName) {
    const known = this.#folders.get(source);
    if (known === undefined) throw new Error(`the ledger of ${this.#address} has no such folder`);
    return known;
  }

  async #fenced<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof FencedError)) throw error;
      throw new Failure("lease-lost", `another worker has begun to copy ${this.#address}; this one stops`, {
        cause: error,
      });
    }
  }
}

function seenAs(message: MessageMetadata) {
  return {
    sourceUid: message.uid,
    flags: ledgerFlags(message.flags),
    internalDate: instantOf(message.internalDate),
    size: message.size,
  };
}

function sorted(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return [...entries].sort((a, b) => a.sourceUid - b.sourceUid);
}

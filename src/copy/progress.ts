import type { Clock } from "../kit/clock.ts";
import type { Progress } from "../model/account.ts";
import type { FolderName } from "../model/ledger.ts";
import { PROGRESS_WRITE_MS } from "./limits.ts";
import type { FolderRecord } from "./record.ts";

interface FolderCount {
  messagesTotal: number;
  /** `null` while the source has not said it and the folder has not been listed whole. */
  bytesTotal: number | null;
  messagesCopied: number;
  bytesCopied: number;
  isDone: boolean;
}

/** How far a pass is, folder by folder, and the sum of it. Never shows more than there is. */
export class ProgressMeter {
  readonly #folders = new Map<FolderName, FolderCount>();
  readonly #clock: Clock;
  readonly #write: (progress: Partial<Progress>) => Promise<void>;
  #isComplete = false;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, write: (progress: Partial<Progress>) => Promise<void>) {
    this.#clock = clock;
    this.#write = write;
  }

  /** What the source says that a folder holds, and what the ledger knows of it already. */
  setTotal(
    source: FolderName,
    total: { readonly messages: number; readonly bytes: number | null },
    record: FolderRecord | undefined,
  ): void {
    let messages = 0;
    let bytes = 0;
    for (const entry of record?.entries.values() ?? []) {
      if (entry.refusal !== null) continue;
      messages += 1;
      bytes += entry.size;
    }
    this.#folders.set(source, {
      messagesTotal: total.messages,
      bytesTotal: total.bytes,
      messagesCopied: messages,
      bytesCopied: bytes,
      isDone: false,
    });
  }

  /** From now on the totals count: every folder has been set. */
  totalsAreKnown(): void {
    for (const [source, folder] of this.#folders)
      if (!Number.isFinite(folder.messagesTotal)) this.#folders.delete(source);
    this.#isComplete = true;
  }

  addCopied(source: FolderName, messages: number, bytes: number): void {
    const folder = this.#folders.get(source) ?? this.#beforeTotals(source);
    if (folder === undefined) return;
    folder.messagesCopied += messages;
    folder.bytesCopied += bytes;
  }

  /** The newest mail is copied while nobody knows yet how much there is. */
  #beforeTotals(source: FolderName): FolderCount | undefined {
    if (this.#isComplete) return undefined;
    const messagesTotal = Number.POSITIVE_INFINITY;
    const folder = { messagesTotal, bytesTotal: null, messagesCopied: 0, bytesCopied: 0, isDone: false };
    this.#folders.set(source, folder);
    return folder;
  }

  /** The folder's pass is over. `listed` = what the listing showed, where it was listed whole: better than what STATUS said. */
  setDone(source: FolderName, listed: { readonly messages: number; readonly bytes: number } | null): void {
    const folder = this.#folders.get(source);
    if (folder === undefined) return;
    folder.isDone = true;
    if (listed === null) return;
    folder.messagesTotal = listed.messages;
    folder.bytesTotal = listed.bytes;
  }

  /** The sum, as an account shows it. */
  sum(): Omit<Progress, "quarantined"> {
    const folders = [...this.#folders.values()];
    const add = (value: (folder: FolderCount) => number) =>
      folders.reduce((sum, folder) => sum + value(folder), 0);
    const bytesKnown = this.#isComplete && folders.every((folder) => folder.bytesTotal !== null);
    return {
      foldersTotal: this.#isComplete ? folders.length : null,
      foldersDone: add((folder) => (folder.isDone ? 1 : 0)),
      messagesTotal: this.#isComplete ? add((folder) => folder.messagesTotal) : null,
      // The ledger also knows messages that the source has deleted since.
      messagesCopied: add((folder) => Math.min(folder.messagesCopied, folder.messagesTotal)),
      bytesTotal: bytesKnown ? add((folder) => folder.bytesTotal ?? 0) : null,
      bytesCopied: add((folder) =>
        Math.min(folder.bytesCopied, folder.bytesTotal ?? Number.POSITIVE_INFINITY),
      ),
    };
  }

  /** Writes the sum to the store, unless that has been done a moment ago. */
  async show(quarantined: () => number): Promise<void> {
    if (this.#clock.now() - this.#writtenAt < PROGRESS_WRITE_MS) return;
    await this.showNow(quarantined());
  }

  async showNow(quarantined: number): Promise<void> {
    this.#writtenAt = this.#clock.now();
    await this.#write({ ...this.sum(), quarantined });
  }
}

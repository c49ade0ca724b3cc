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
  /** Octets of messages that are half on their way, by source folder and UID. */
  readonly #underWay = new Map<FolderName, Map<number, number>>();
  #isComplete = false;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #later: NodeJS.Timeout | null = null;
  #isOver = false;

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

  /** A piece of a message that comes slowly: it counts among the octets, so that the display does not stand still for as long as the message takes. */
  addUnderWay(source: FolderName, uid: number, bytes: number): void {
    const folder = this.#underWay.get(source) ?? new Map<number, number>();
    folder.set(uid, (folder.get(uid) ?? 0) + bytes);
    this.#underWay.set(source, folder);
  }

  /** These messages are copied and counted as such, or their pieces are lost. */
  endUnderWay(source: FolderName, messages: Iterable<{ readonly uid: number }>): void {
    const folder = this.#underWay.get(source);
    if (folder !== undefined) for (const { uid } of messages) folder.delete(uid);
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
    const underWay = (source: FolderName) => {
      let bytes = 0;
      for (const piece of this.#underWay.get(source)?.values() ?? []) bytes += piece;
      return bytes;
    };
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
      bytesCopied: [...this.#folders].reduce(
        (sum, [source, { bytesCopied, bytesTotal }]) =>
          sum + Math.min(bytesCopied + underWay(source), bytesTotal ?? Number.POSITIVE_INFINITY),
        0,
      ),
    };
  }

  /**
   * Writes the sum to the store: now, or a moment later where that has been done a moment ago. The last word is always written, however long nothing follows.
   * A promise only where it is written now: large messages are shown piece by piece.
   */
  show(quarantined: () => number): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    const waitMs = PROGRESS_WRITE_MS - (this.#clock.now() - this.#writtenAt);
    if (waitMs <= 0) return this.showNow(quarantined());
    // A clock that was put back makes nobody wait for long.
    this.#later ??= setTimeout(() => void this.showNow(quarantined()), Math.min(waitMs, PROGRESS_WRITE_MS));
    return undefined;
  }

  /** Never rejects: a display that cannot be written ends no copy. What must be written down is the ledger's, which says so itself. */
  async showNow(quarantined: number): Promise<void> {
    this.#forgetLater();
    this.#writtenAt = this.#clock.now();
    try {
      await this.#write({ ...this.sum(), quarantined });
    } catch {
      // The next one tries again at once.
      this.#writtenAt = Number.NEGATIVE_INFINITY;
    }
  }

  /** Nothing is written any more, but by `showNow`: another pass may have begun. */
  end(): void {
    this.#isOver = true;
    this.#forgetLater();
  }

  #forgetLater(): void {
    if (this.#later !== null) clearTimeout(this.#later);
    this.#later = null;
  }
}

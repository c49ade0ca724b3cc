import { WINDOW_UIDS } from "../limits.ts";
import { nextWindowUids, type UidWindow } from "./batches.ts";

/**
 * The windows of one folder, each given out once, to whichever lane asks: the newest first going down, or the oldest first going up. What arrives
 * at the source meanwhile lies above and is left to the next pass.
 */
export class WindowCursor {
  readonly #order: "newest-first" | "oldest-first";
  readonly #exists: number;
  readonly #uidNext: number;
  #uids: number;
  #seen = 0;
  /** The next window begins (oldest first) or ends below (newest first) here. */
  #at: number;

  /** @param folder what EXAMINE said; `uidNext` as found out where it did not say that */
  constructor(
    folder: { readonly exists: number; readonly uidNext: number },
    order: "newest-first" | "oldest-first",
    firstUids: number = WINDOW_UIDS,
  ) {
    this.#order = order;
    this.#exists = folder.exists;
    this.#uidNext = folder.uidNext;
    this.#uids = firstUids;
    this.#at = order === "newest-first" ? folder.uidNext : 1;
  }

  /** Messages that are in windows which nobody has listed yet, at most. */
  get left(): number {
    return this.#isAtEnd ? 0 : Math.max(0, this.#exists - this.#seen);
  }

  /** The next window to list; `null` when every message has been listed. */
  next(): UidWindow | null {
    // Beyond the messages that were there when the folder was opened there is nothing: 2^32 UIDs need not be walked through.
    if (this.left === 0) return null;
    if (this.#order === "oldest-first") {
      const first = this.#at;
      this.#at = Math.min(this.#uidNext, first + this.#uids);
      return { first, last: this.#at - 1 };
    }
    const last = this.#at - 1;
    this.#at = Math.max(1, this.#at - this.#uids);
    return { first: this.#at, last };
  }

  /** A window has been listed, and held that many messages. */
  noteListed(window: UidWindow, messages: number): void {
    this.#seen += messages;
    this.#uids = nextWindowUids({ window, messages });
  }

  get #isAtEnd(): boolean {
    return this.#order === "newest-first" ? this.#at <= 1 : this.#at >= this.#uidNext;
  }
}

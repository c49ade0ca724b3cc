import { causeChain } from "../../model/failure.ts";
import { fetchMetadata, type MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { searchUids } from "../../upstream/imap/commands/search.ts";
import { FIRST_WINDOW_UIDS, WINDOW_GROWTH, WINDOW_UIDS } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { refusedEntry } from "../record.ts";
import { listByUid, listRange } from "../recovery/reconcile.ts";
import { BreakingMessages, brokenConnection } from "../sending/breaking.ts";
import { halve, type UidWindow } from "./batches.ts";
import type { FolderPair } from "./folder-pair.ts";
import { WindowCursor } from "./window-cursor.ts";

/** In the ledger it also tells the next pass not to ask for this message again. */
const BREAKS_LISTING = "the old server breaks off while saying its date and size";

/** How windows of a folder begin: with a few messages for who waits for them, or with as many as one listing may have. */
export type FirstWindow = "newest few" | "some" | "many";

const FIRST_UIDS: Readonly<Record<FirstWindow, number>> = {
  "newest few": FIRST_WINDOW_UIDS,
  some: FIRST_WINDOW_UIDS * WINDOW_GROWTH,
  many: WINDOW_UIDS,
};

/** The windows of an open folder, for all lanes that copy it. */
export async function windowCursor(
  pass: Pass,
  folder: FolderPair,
  first: FirstWindow,
): Promise<WindowCursor> {
  const { exists, uidNext } = folder.opened.source;
  const next = uidNext ?? (exists === 0 ? 1 : (await highestUid(folder)) + 1);
  // Who waits for the newest mail gets it, whatever the order of the rest.
  const order = first === "newest few" ? "newest-first" : pass.deps.copy.order;
  const isListedWhole = folder.isListed && first !== "newest few";
  return new WindowCursor({ exists, uidNext: next }, order, isListedWhole ? next : FIRST_UIDS[first]);
}

/** Lists windows of one source folder over one lane, the next one while the messages of the last are being sent. */
export class WindowLister {
  readonly #pass: Pass;
  readonly #folder: FolderPair;
  readonly #cursor: WindowCursor;
  readonly #startAgain: () => Promise<void>;
  #ahead: { readonly window: UidWindow; readonly listed: Promise<MessageMetadata[] | null> } | null = null;

  /** @param startAgain new connections, and the folder open on them, when listing broke the old ones */
  constructor(pass: Pass, folder: FolderPair, cursor: WindowCursor, startAgain: () => Promise<void>) {
    this.#pass = pass;
    this.#folder = folder;
    this.#cursor = cursor;
    this.#startAgain = startAgain;
  }

  /** The next window's messages by ascending UID; `null` when there are no more windows. */
  async next(): Promise<MessageMetadata[] | null> {
    const { window, listed } = this.#takeAhead() ?? {};
    if (!window || !listed) return null;
    const said = (await listed) ?? (await this.#listRobustly(window));
    // One that is said twice counts once, or the folder would seem to end early.
    const messages = said.filter(({ uid }, at) => uid !== said[at - 1]?.uid);
    this.#cursor.noteListed(window, messages.length);
    return messages;
  }

  /** Asks for the next window already: the source answers when it has handed out what was asked for before. */
  lookAhead(): void {
    this.#ahead ??= this.#takeAhead();
  }

  #takeAhead(): { window: UidWindow; listed: Promise<MessageMetadata[] | null> } | null {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return ahead;
    const window = this.#cursor.next();
    if (window === null) return null;
    const listing = this.#folder.takeListing();
    const listed = listing?.then((all) => all && all.filter(({ uid }) => isIn(window, uid)));
    return { window, listed: listed ?? this.#listQuickly(window) };
  }

  /** In one command; `null` where that does not work. */
  async #listQuickly(window: UidWindow): Promise<MessageMetadata[] | null> {
    if (this.#holes(window).size > 0) return null;
    try {
      return await listRange(this.#folder.lane.source, window);
    } catch (error) {
      // Refused in part, or broken: whoever needs the window lists it again, and hears of it then.
      return this.#noteSetback(error);
    }
  }

  #noteSetback(error: unknown): null {
    const { deps, logFields } = this.#pass;
    deps.log.debug(
      { event: "copy.folder", ...logFields, causes: causeChain(error) },
      "a listing did not come whole and is asked for again",
    );
    return null;
  }

  /** What breaks the connection is listed in halves; a message that breaks it alone is recorded as refused, and does not stop the others. */
  async #listRobustly(window: UidWindow): Promise<MessageMetadata[]> {
    const holes = this.#holes(window);
    const messages: MessageMetadata[] = [];
    const breaking = new BreakingMessages();
    const todo: (readonly number[] | null)[] = [null];
    while (todo.length > 0) {
      const part = todo.shift() ?? null;
      try {
        if (part === null) {
          const uids = await searchUids(this.#folder.lane.source, `UID ${rangeOf(window)}`);
          todo.push(uids.filter((uid) => isIn(window, uid) && !holes.has(uid)));
          continue;
        }
        if (part.length > 0)
          messages.push(...(await listByUid(this.#folder.lane.source, part, { messageId: false })));
        breaking.noteProgress();
      } catch (error) {
        const failure = brokenConnection(error);
        // Halving comes to an end by itself; asking for the same again does not.
        if (part === null) breaking.noteBreak(failure);
        this.#pass.checkpoint();
        await this.#startAgain();
        const [only] = part ?? [];
        if (part === null || part.length !== 1 || only === undefined)
          todo.unshift(...(part === null ? [null] : halve(part)));
        else if (!breaking.isCause(only, failure)) todo.unshift(part);
        else await this.#pass.ledger.record(this.#folder.source, [unlisted(only)], null);
      }
    }
    return messages.sort((a, b) => a.uid - b.uid);
  }

  /** Messages of the window that are known to break a listing. */
  #holes(window: UidWindow): Set<number> {
    const holes = new Set<number>();
    for (const { sourceUid, refusal } of this.#pass.ledger.refusedIn(this.#folder.source))
      if (refusal === BREAKS_LISTING && isIn(window, sourceUid)) holes.add(sourceUid);
    return holes;
  }
}

function isIn({ first, last }: UidWindow, uid: number): boolean {
  return uid >= first && uid <= last;
}

function rangeOf({ first, last }: UidWindow): string {
  return `${first}:${last}`;
}

/** Nothing is known of it but that it is there. */
function unlisted(uid: number) {
  return refusedEntry({ uid, flags: [], internalDate: "", size: 0, messageId: null }, BREAKS_LISTING);
}

/** For servers that do not say UIDNEXT. */
async function highestUid(folder: FolderPair): Promise<number> {
  let highest = 0;
  for await (const { uid } of fetchMetadata(folder.lane.source, "*")) highest = Math.max(highest, uid);
  return highest;
}

import { printable } from "../../kit/text.ts";
import { asFailure, causeChain } from "../../model/failure.ts";
import { isInbox } from "../../model/folder.ts";
import type { FolderName } from "../../model/ledger.ts";
import type { FolderStatus } from "../../upstream/imap/commands/status.ts";
import type { FolderTask } from "../folders/folders.ts";
import { LANE_FROM_MESSAGES, LANE_FROM_OCTETS, SHARE_FROM_MESSAGES } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { brokenConnection } from "../sending/breaking.ts";
import {
  type Beside,
  copyFolder,
  type FolderEnd,
  helpWith,
  openTask,
  type SharedFolder,
} from "./copy-folder.ts";
import type { FolderPair } from "./folder-pair.ts";
import type { Lane } from "./lane.ts";

/** What the lanes of a pass have to do: each takes the next folder that nobody has, and at last a part of a large one that another lane has. */
interface Work {
  readonly tasks: FolderTask[];
  readonly underWay: Set<SharedFolder>;
  /** Folders that are being opened: they may turn out to be large. */
  readonly opening: Set<Promise<unknown>>;
}

/** A lane's connection is made anew so many times for one folder that does not even open. */
const OPENING_BREAKS = 3;

/** Opens the lanes beside the main one that a copy of these folders is worth; they are ready when it begins. */
export function openLanes(
  pass: Pass,
  folders: readonly { readonly source: FolderName; readonly status: FolderStatus | null }[],
): Promise<Lane | null>[] {
  const more = Math.max(0, lanesWorth(pass, folders) - 1);
  return Array.from({ length: more }, () => openLane(pass).catch((error: unknown) => endPass(pass, error)));
}

/**
 * Copies folders in their order over as many lanes as they are worth and the budgets allow. A folder's trouble is noted and does not stop the others.
 * @param further what `openLanes` gave
 * @param newest what the main lane still does: INBOX is left to it, since nobody else knows which of its messages are on their way. It may give INBOX as it is open
 * @throws {Failure} when the pass cannot go on
 */
export async function copyInLanes(
  pass: Pass,
  tasks: readonly FolderTask[],
  further: readonly Promise<Lane | null>[],
  newest: Promise<FolderPair | null>,
): Promise<void> {
  const others = tasks.filter(({ source }) => !isInbox(source));
  const work: Work = { tasks: others, underWay: new Set(), opening: new Set([newest]) };
  const main = newest.then((inbox) => {
    work.opening.delete(newest);
    work.tasks.unshift(...tasks.filter(({ source }) => isInbox(source)));
    return runLane(pass, pass.main, work, inbox);
  });
  const running = [main, ...further.map((lane) => runFurther(pass, lane, work))];
  await Promise.all(running.map((lane) => lane.catch((error: unknown) => endPass(pass, error))));
  pass.throwEnd();
  // What a lane has left that had to go when the others were done.
  while (work.tasks.length > 0) await runLane(pass, pass.main, work);
}

function endPass(pass: Pass, error: unknown): null {
  pass.endWith(error);
  return null;
}

async function runFurther(pass: Pass, opening: Promise<Lane | null>, work: Work): Promise<void> {
  const lane = await opening;
  if (lane === null) return;
  await runLane(pass, lane, work);
  // What it holds may be what another account waits for.
  pass.dismiss(lane);
}

/** One more pair is a gain, not a need: where a server does not let it in, the others do its work. */
async function openLane(pass: Pass): Promise<Lane | null> {
  try {
    return await pass.openLane();
  } catch (error) {
    const failure = asFailure(error);
    if (failure !== error) throw error;
    pass.deps.log.info(
      { event: "copy.folder", ...pass.logFields, reason: failure.kind, causes: causeChain(failure) },
      "a further pair of connections is not to be had; the copy goes on without",
    );
    return null;
  }
}

async function runLane(pass: Pass, lane: Lane, work: Work, opened: FolderPair | null = null): Promise<void> {
  await new LaneRun(pass, lane, work, opened).copyFolders();
  // Windows that come out of their order do no harm but where the order is asked for.
  if (pass.deps.copy.order === "oldest-first") return;
  const isSpared = () => lane !== pass.main && lane.permit.isOverdrawn;
  const useless = new Set<SharedFolder>();
  while (!isSpared()) {
    pass.checkpoint();
    const shared = worthSharing(work, useless);
    if (shared === undefined && work.opening.size === 0) return;
    if (shared === undefined) {
      await Promise.race(work.opening);
      continue;
    }
    pass.deps.log.debug(
      { event: "copy.folder", ...pass.logFields, folder: printable(shared.source), lane: lane.name },
      "a further lane helps with a large folder",
    );
    if (!(await helpWith(pass, lane, shared))) useless.add(shared);
  }
}

/** One lane and its folders, the next one opened while the target's answers to the last are still on their way. */
class LaneRun {
  readonly #pass: Pass;
  readonly #lane: Lane;
  readonly #work: Work;
  #ahead: { readonly task: FolderTask; opened: Promise<FolderPair | null> } | null = null;
  /** The folder whose last answers are still to come. */
  #landing: { readonly task: FolderTask; readonly end: Promise<FolderEnd> } | null = null;
  /** Folders that something was left to do of: they get the lane for themselves. */
  readonly #careful = new Set<FolderName>();

  /** @param opened the folder that the lane has open already, if it is the first task's */
  constructor(pass: Pass, lane: Lane, work: Work, opened: FolderPair | null) {
    this.#pass = pass;
    this.#lane = lane;
    this.#work = work;
    const [first] = work.tasks;
    if (!opened?.isOpen || first?.source !== opened.source) return;
    work.tasks.shift();
    this.#ahead = { task: first, opened: Promise.resolve(opened) };
  }

  async copyFolders(): Promise<void> {
    try {
      await this.#copyFolders();
    } finally {
      await this.#landing?.end.catch(() => undefined);
      await this.#ahead?.opened;
    }
  }

  async #copyFolders(): Promise<void> {
    for (let next = this.#next(); next; next = this.#next()) {
      this.#pass.checkpoint();
      const { task, opened } = next;
      const { show, isOpened } = this.#announce();
      const open = async () => (await opened) ?? (await this.#open(task));
      const { free, end } = copyFolder(this.#pass, task, open, { ...this.#beside(task), show });
      await free.finally(isOpened);
      // One folder's last answers may be on their way while the next is copied, and no more.
      await this.#settle();
      this.#landing = { task, end };
      if (this.#ahead !== null) continue;
      const isLeft = await this.#settle();
      if (isLeft || !this.#mayGoOn) break;
    }
    // What a lane that must end has opened is left to the others.
    if (this.#ahead !== null) this.#work.tasks.unshift(this.#ahead.task);
  }

  /** Tells lanes without work that a folder is being opened, until it is shown or has ended. */
  #announce(): { show: (shared: SharedFolder) => void; isOpened: () => void } {
    const { opening, underWay } = this.#work;
    const { promise, resolve } = Promise.withResolvers<void>();
    opening.add(promise);
    const isOpened = () => {
      opening.delete(promise);
      resolve();
    };
    const show = (shared: SharedFolder) => {
      underWay.add(shared);
      isOpened();
    };
    return { show, isOpened };
  }

  /** What an earlier folder's last answers have broken is made anew. */
  async #open(task: FolderTask): Promise<FolderPair> {
    for (let breaks = 1; ; breaks += 1) {
      try {
        return await openTask(this.#pass, this.#lane, task, breaks > 1);
      } catch (error) {
        if (this.#lane.isOpen || breaks > OPENING_BREAKS) throw error;
        brokenConnection(error);
        this.#pass.checkpoint();
        await this.#lane.reconnect();
      }
    }
  }

  #beside(task: FolderTask): Omit<Beside, "show"> {
    return {
      hide: (shared) => void this.#work.underWay.delete(shared),
      mayGoOn: () => this.#mayGoOn,
      askedForAll: () => {
        if (!this.#careful.has(task.source)) this.#lookAhead(this.#work.tasks);
      },
      hasLookedAhead: () => this.#ahead !== null,
      comeBack: () => this.#comeBack(),
    };
  }

  /** Waits for the end of the folder before. True where it is left to another lane. */
  async #settle(): Promise<boolean> {
    const landing = this.#landing;
    this.#landing = null;
    if (landing === null) return false;
    const end = await landing.end;
    if (end === "again") this.#careful.add(landing.task.source);
    if (end === "again" || end === "left") this.#work.tasks.unshift(landing.task);
    return end === "left";
  }

  /** The main lane always; the others while the source has connections to spare. */
  get #mayGoOn(): boolean {
    return this.#lane === this.#pass.main || !this.#lane.permit.isOverdrawn;
  }

  #next(): { readonly task: FolderTask; readonly opened: Promise<FolderPair | null> } | null {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return ahead;
    const task = this.#work.tasks.shift();
    return task === undefined ? null : { task, opened: Promise.resolve(null) };
  }

  #lookAhead(tasks: FolderTask[]): void {
    const [task] = tasks;
    if (this.#ahead !== null || this.#pass.isStopping || !this.#mayGoOn) return;
    if (task === undefined || !mayLookAhead(this.#pass, this.#lane, task)) return;
    tasks.shift();
    // What goes wrong now is met again when it is the folder's turn.
    const opened = openTask(this.#pass, this.#lane, task).catch(() => null);
    this.#ahead = { task, opened };
  }

  async #comeBack(): Promise<void> {
    if (this.#ahead === null) return;
    await this.#ahead.opened;
    this.#ahead.opened = Promise.resolve(null);
  }
}

/**
 * Not where messages of an earlier time must be looked for first, or the UIDs of what was just stored: what a server offers (RFC 4315) it need not do. And a
 * target that takes one message at a time is quicker with the folder that it has open.
 */
function mayLookAhead(pass: Pass, lane: Lane, { source }: FolderTask): boolean {
  const isApt = pass.namesUids && lane.target.has("MULTIAPPEND");
  return isApt && pass.ledger.intentsOf(source).length === 0;
}

function worthSharing({ underWay }: Work, useless: ReadonlySet<SharedFolder>): SharedFolder | undefined {
  return [...underWay].find(
    (one) => one.isOpen && !useless.has(one) && one.cursor.left >= SHARE_FROM_MESSAGES,
  );
}

/** A lane costs a login on either side: it must have something to carry. */
function lanesWorth(
  pass: Pass,
  tasks: readonly { readonly source: FolderName; readonly status: FolderStatus | null }[],
): number {
  let messages = 0;
  let octets = 0;
  for (const { source, status } of tasks) {
    const known = pass.ledger.folder(source)?.entries.size ?? 0;
    const all = status?.messages ?? 0;
    const fresh = Math.max(0, all - known);
    messages += fresh;
    octets += all === 0 ? 0 : ((status?.size ?? 0) * fresh) / all;
  }
  const isWorthIt = messages >= LANE_FROM_MESSAGES || octets >= LANE_FROM_OCTETS;
  const folders = messages >= SHARE_FROM_MESSAGES ? Number.POSITIVE_INFINITY : tasks.length;
  return isWorthIt ? Math.max(1, Math.min(pass.deps.copy.pairsPerAccount, folders)) : 1;
}

import type { FolderName, LedgerEntry } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { instantOf } from "../internal-date.ts";
import type { Pass } from "../pass.ts";
import type { AccountLedger, FolderHead } from "../record.ts";
import { isAtSource, isSpent } from "./entry-state.ts";
import {
  type Arrival,
  type Departure,
  likenessOf,
  type MovedMessage,
  matchMoves,
  uidOf,
} from "./move-matching.ts";
import { type MovableChanges, type MoveDeps, noteMoved, settleUnsaid } from "./move-notes.ts";
import { serversOf } from "./move-servers.ts";
import type { FolderChanges } from "./sweep.ts";

export type { MovableChanges } from "./move-notes.ts";

/** A message that the ledger knows and that looks like one that has arrived. */
interface Known {
  readonly head: FolderHead;
  readonly entry: LedgerEntry;
}

/** As `followMovesWith`, over the main lane of a pass. */
export async function followMoves(pass: Pass, changes: readonly FolderChanges[]): Promise<void> {
  const reopen = async (source: FolderName) =>
    await changes.find(({ folder }) => folder.source === source)?.folder.reopen();
  await followMovesWith(
    {
      ledger: pass.ledger,
      servers: serversOf(pass, reopen),
      token: pass.lease.token,
      checkpoint: () => pass.checkpoint(),
    },
    changes,
  );
}

/**
 * Finds the new messages that were in another folder before, moves their copies after them, and takes them out of `fresh` and `vanished`. A copy that is no longer
 * where the copier put it stays where its user has it, and none is made in the new place. Whether a message has left its old folder is asked of the
 * source again: it may have gone after that folder was swept.
 * @throws {Failure} when a connection breaks: an intent tells the next pass what to look for
 */
export async function followMovesWith(deps: MoveDeps, changes: readonly MovableChanges[]): Promise<void> {
  await followThem(deps, changes);
  // Also where nothing has moved now: a folder that was looked at later may have shown where messages of an earlier one went in an interrupted pass.
  for (const change of changes) {
    const entries = deps.ledger.folder(change.folder.source)?.entries;
    change.fresh = change.fresh.filter(({ uid }) => isUnknown(entries?.get(uid)));
    change.flagChanges = change.flagChanges.filter(({ entry }) => !hasMovedOn(entries?.get(entry.sourceUid)));
    // As the ledger has them now: what it has just noted of an interrupted move goes on with them.
    change.vanished = change.vanished
      .map((entry) => entries?.get(entry.sourceUid) ?? entry)
      .filter((entry) => !hasMovedOn(entry));
  }
}

async function followThem(deps: MoveDeps, changes: readonly MovableChanges[]): Promise<void> {
  const alike = knownAlike(deps.ledger, changes);
  if (alike.length === 0) return;
  const vanished = new Set(changes.flatMap((change) => change.vanished));
  const { gone, staying } = await whoIsGone(deps, alike, vanished);
  if (gone.length === 0) return;
  const departures = await departuresOf(deps, gone);
  const moved = matchMoves(await arrivalsOf(deps, changes, gone), departures, staying);
  const byWay = Map.groupBy(moved, ({ departure, arrival }) => `${departure.folder}\0${arrival.folder}`);
  for (const some of byWay.values()) {
    deps.checkpoint();
    await followWay(deps, changes, some);
  }
}

/** Those of the new messages that may have been moved: the ledger knows one of the same date and size. */
export function maybeMoved(ledger: AccountLedger, fresh: MessageMetadata[]): MessageMetadata[] {
  const alike = new Set(knownAlike(ledger, [{ fresh }]).map(({ entry }) => likenessOfEntry(entry)));
  return fresh.filter((message) => alike.has(likenessOfMessage(message)));
}

function knownAlike(ledger: AccountLedger, changes: readonly Pick<MovableChanges, "fresh">[]): Known[] {
  const wanted = new Set(changes.flatMap(({ fresh }) => fresh.map(likenessOfMessage)));
  if (wanted.size === 0) return [];
  return ledger
    .folders()
    .flatMap(({ head, entries }) =>
      [...entries.values()]
        .filter((entry) => entry.refusal === null && !isSpent(entry) && wanted.has(likenessOfEntry(entry)))
        .map((entry) => ({ head, entry })),
    );
}

/** Asks the source where the ledger still knows them as there: they may have gone after their folder was looked at. */
async function whoIsGone(
  { servers }: MoveDeps,
  alike: readonly Known[],
  vanished: ReadonlySet<LedgerEntry>,
): Promise<{ gone: Known[]; staying: Set<string> }> {
  const isGone = ({ entry }: Known) => !isAtSource(entry) || vanished.has(entry);
  const gone = alike.filter(isGone);
  const staying = new Set<string>();
  const perhaps = Map.groupBy(
    alike.filter((known) => !isGone(known)),
    ({ head }) => head,
  );
  for (const [head, some] of perhaps) {
    const uids = some.map(({ entry }) => entry.sourceUid);
    const there = await servers.stillThere(head, uids);
    for (const known of some) {
      if (there === null || there.has(known.entry.sourceUid)) staying.add(likenessOfEntry(known.entry));
      else gone.push(known);
    }
  }
  return { gone, staying };
}

async function departuresOf({ servers }: MoveDeps, gone: readonly Known[]): Promise<Departure[]> {
  const departures: Departure[] = [];
  for (const [head, some] of Map.groupBy(gone, (known) => known.head)) {
    const uids = some.flatMap(({ entry }) => entry.targetUid ?? []);
    const identities = uids.length === 0 ? new Map<number, string>() : await servers.copies(head, uids);
    for (const { entry } of some) {
      const identity = entry.targetUid === null ? undefined : identities.get(entry.targetUid);
      // The copier may have moved it itself, and nothing tells what it was: what looks like it counts as new.
      if (identity === undefined && entry.moveUnderWay) continue;
      const isAsSent = entry.remedy === undefined;
      departures.push({
        folder: head.source,
        entry,
        isInPlace: identity !== undefined,
        identity: identity !== undefined && isAsSent ? identity : null,
      });
    }
  }
  return departures;
}

async function arrivalsOf(
  { ledger, servers }: MoveDeps,
  changes: readonly MovableChanges[],
  gone: readonly Known[],
): Promise<Arrival[]> {
  const wanted = new Set(gone.map(({ entry }) => likenessOfEntry(entry)));
  const arrivals: Arrival[] = [];
  for (const { folder, fresh } of changes) {
    const some = fresh.filter((message) => wanted.has(likenessOfMessage(message)));
    const head = ledger.folder(folder.source)?.head;
    if (some.length === 0 || head === undefined) continue;
    const identities = await servers.messages(
      head,
      some.map(({ uid }) => uid),
    );
    for (const message of some) {
      const identity = identities.get(message.uid);
      // One that is gone already is no arrival.
      if (identity === undefined) continue;
      const { uid } = message;
      arrivals.push({ folder: folder.source, uid, likeness: likenessOfMessage(message), identity });
    }
  }
  return arrivals;
}

/** Messages that went from one folder to one other. */
async function followWay(
  deps: MoveDeps,
  changes: readonly MovableChanges[],
  moved: readonly MovedMessage[],
): Promise<void> {
  const [first] = moved;
  const from = deps.ledger.folder(first?.departure.folder ?? "")?.head;
  const to = deps.ledger.folder(first?.arrival.folder ?? "")?.head;
  const change = changes.find(({ folder }) => folder.source === to?.source);
  if (from === undefined || to === undefined || change === undefined) return;
  const inPlace = moved.filter(({ departure }) => departure.isInPlace);
  const others = moved.filter(({ departure }) => !departure.isInPlace);
  const stays = new Map(inPlace.map(({ departure }) => [uidOf(departure), uidOf(departure)]));
  await noteMoved(deps, change, others, new Map(), null);
  if (from.target === to.target) return await noteMoved(deps, change, inPlace, stays, null);
  for (const some of deps.servers.commandsOf(inPlace)) {
    deps.checkpoint();
    const intentId = `moves to ${to.source}`;
    const uids = some.map(({ departure }) => uidOf(departure)).sort((a, b) => a - b);
    await deps.ledger.intend({
      ...(await deps.servers.moving(to)),
      id: intentId,
      source: to.source,
      sourceUidValidity: to.sourceUidValidity,
      target: to.target,
      sourceUids: some.map(({ arrival }) => arrival.uid),
      movedFrom: { source: from.source, sourceUids: some.map(({ departure }) => departure.entry.sourceUid) },
    });
    const places = await deps.servers.move(from, to, uids);
    if (places !== null) await noteMoved(deps, change, some, places, intentId);
    // The target does not say where they are, or whether it moved them all: looked for as after a crash.
    else {
      await deps.servers.lookFor(to);
      await settleUnsaid(deps, change, from, some);
    }
  }
}

function isUnknown(entry: LedgerEntry | undefined): boolean {
  return entry === undefined || isSpent(entry);
}

function hasMovedOn(entry: LedgerEntry | undefined): boolean {
  return entry !== undefined && isSpent(entry);
}

function likenessOfMessage(message: MessageMetadata): string {
  return likenessOf(instantOf(message.internalDate), message.size);
}

function likenessOfEntry(entry: LedgerEntry): string {
  return likenessOf(entry.internalDate, entry.size);
}

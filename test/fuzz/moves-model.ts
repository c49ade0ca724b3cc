import { caughtUp, flagCommands, underWay } from "../../src/copy/changes/catch-up.ts";
import { goneEntries } from "../../src/copy/changes/entry-state.ts";
import { entryBefore, movedEntry, recordOfMoves } from "../../src/copy/changes/move-record.ts";
import type { MoveServers } from "../../src/copy/changes/move-servers.ts";
import { followMovesWith, type MovableChanges } from "../../src/copy/changes/moves.ts";
import { SweepNotes } from "../../src/copy/changes/sweep-notes.ts";
import { AccountLedger, arrivedEntry, storedEntry } from "../../src/copy/record.ts";
import { matchArrivals } from "../../src/copy/recovery/match.ts";
import type { LedgerStore } from "../../src/store/store.ts";
import type { MessageMetadata } from "../../src/upstream/imap/commands/fetch-metadata.ts";
import { type Kind, type Message, ModelServer } from "./model-server.ts";

/** Thrown where the process is killed. */
class KilledError extends Error {
  override readonly name = "KilledError";
}

/** What happens to a pass from outside. */
export interface Interruption {
  /** Steps until the process is killed; a step is a write to the store or a command that changes the target. */
  readonly killAfter: number;
  /** Whether the command that was on its way then still reaches the target. */
  readonly reachesTarget: boolean;
  /** What its users do while the pass looks at the folders and sends: one after each. */
  readonly meanwhile: readonly (() => void)[];
}

/** Two servers with the same folders, and the copier between them: the decisions are the program's own, the network is left out. */
export class MovesModel {
  readonly source: ModelServer;
  readonly target: ModelServer;
  /** Every append of a kind, found or not. */
  readonly appended = new Map<Kind, number>();
  /** Those that were found after a crash: a flag that the source has taken away meanwhile cannot be told from one that the target's user has set. */
  readonly foundKinds = new Set<Kind>();
  /** What the copier did to messages that are none of its own. */
  readonly trespasses: string[] = [];
  readonly #folders: readonly string[];
  readonly #store: LedgerStore;
  readonly #address: string;
  #token = 0;
  #stepsLeft = 0;
  #reachesTarget = false;
  #meanwhile: (() => void)[] = [];
  /** RFC 7162: the source's HIGHESTMODSEQ before the last pass that has dealt with all of the folder, and before this one. */
  readonly #noted = new Map<string, number>();
  readonly #seenNow = new Map<string, number>();

  constructor(store: LedgerStore, address: string, folders: readonly string[]) {
    this.#store = store;
    this.#address = address;
    this.#folders = folders;
    this.source = new ModelServer(folders);
    this.target = new ModelServer(folders);
  }

  async pass({ killAfter, reachesTarget, meanwhile }: Interruption): Promise<void> {
    this.#stepsLeft = killAfter;
    this.#reachesTarget = reachesTarget;
    this.#meanwhile = [...meanwhile];
    try {
      await this.#pass();
    } catch (error) {
      if (!(error instanceof KilledError)) throw error;
    }
  }

  async #pass(): Promise<void> {
    this.#token += 1;
    const ledger = await AccountLedger.open(this.#store, this.#address, this.#token);
    const changes: MovableChanges[] = [];
    for (const folder of this.#folders) {
      if (!ledger.folder(folder)) await ledger.putHead(headOf(folder));
      await this.#reconcile(ledger, folder);
      changes.push(this.#sweep(ledger, folder));
      this.#meanwhile.shift()?.();
    }
    const checkpoint = () => undefined;
    const servers = this.#servers(ledger);
    await followMovesWith({ ledger, servers, token: this.#token, checkpoint }, changes);
    for (const change of changes) {
      this.#step();
      await ledger.record(change.folder.source, goneEntries(change.vanished, this.#token), null);
    }
    for (const change of changes) {
      await this.#send(ledger, change);
      await this.#catchUp(ledger, change);
      this.#step();
      this.#noted.set(change.folder.source, this.#seenNow.get(change.folder.source) ?? 0);
      this.#meanwhile.shift()?.();
    }
    await ledger.fold();
  }

  #sweep(ledger: AccountLedger, folder: string): MovableChanges {
    const notes = new SweepNotes(entriesOf(ledger, folder));
    const noted = this.#noted.get(folder) ?? 0;
    this.#seenNow.set(folder, this.source.modSeq);
    for (const message of this.source.in(folder)) {
      if (message.modSeq <= noted) notes.seeUid(message.uid);
      else notes.see({ uid: message.uid, flags: [...message.flags] });
    }
    notes.vanishUnseen();
    const { freshUids, flagChanges, vanished } = notes.findings(null);
    const fresh = this.source.in(folder).filter(({ uid }) => freshUids.includes(uid));
    return { folder: { source: folder }, fresh: fresh.map(listedAs), flagChanges, vanished };
  }

  /** As after a crash: what the intents name is looked for on the target. */
  async #reconcile(ledger: AccountLedger, folder: string): Promise<void> {
    for (const intent of ledger.intentsOf(folder)) {
      const wanted = this.source
        .in(folder)
        .filter(({ uid }) => intent.sourceUids.includes(uid) && !entriesOf(ledger, folder).has(uid));
      const known = ledger.targetUidsIn(folder);
      const found = this.target
        .in(folder)
        .filter(({ uid }) => uid >= intent.targetUidNext && !known.has(uid));
      const pairs = matchTwins(wanted, found);
      const entries = wanted.flatMap((message) => {
        const twin = found.find(({ uid }) => uid === pairs.get(message.uid));
        if (twin === undefined) return [];
        const before = entryBefore(ledger, intent, message.uid);
        if (before !== undefined) return [movedEntry(before, message.uid, twin.uid)];
        this.foundKinds.add(twin.kind);
        return [arrivedEntry(listedAs(message), listedAs(twin))];
      });
      const arrived = new Set(entries.map(({ sourceUid }) => sourceUid));
      const listed = new Set(wanted.map(({ uid }) => uid));
      this.#step();
      const moves = recordOfMoves(ledger, intent, { listed, arrived }, this.#token);
      await ledger.recordAll([{ source: folder, entries }, ...moves], intent.id);
    }
  }

  async #send(ledger: AccountLedger, { folder, fresh }: MovableChanges): Promise<void> {
    for (const some of [fresh.slice(0, 2), fresh.slice(2)]) {
      if (some.length === 0) continue;
      this.#step();
      const sourceUids = some.map(({ uid }) => uid);
      await ledger.intend({ ...this.#intentFor(folder.source), id: "1", sourceUids });
      const entries = some.flatMap((listed) => {
        const message = this.source.in(folder.source).find(({ uid }) => uid === listed.uid);
        // Deleted or moved at the source meanwhile: it does not come.
        if (message === undefined) return [];
        const uid = this.#command(() => {
          this.appended.set(message.kind, (this.appended.get(message.kind) ?? 0) + 1);
          // As they were when the source was looked at.
          return this.target.put(folder.source, message.kind, listed.flags, false);
        });
        return [storedEntry(listed, uid)];
      });
      this.#step();
      await ledger.record(folder.source, entries, "1");
    }
  }

  async #catchUp(ledger: AccountLedger, { folder, flagChanges }: MovableChanges): Promise<void> {
    this.#step();
    await ledger.record(folder.source, underWay(flagChanges), null);
    for (const { mode, flags, uids } of flagCommands(flagChanges, null))
      this.#command(() => {
        for (const message of this.target.in(folder.source).filter(({ uid }) => uids.includes(uid))) {
          if (message.isForeign) this.trespasses.push(`${mode}${flags.join(" ")}`);
          for (const flag of flags) {
            if (mode === "+") message.flags.add(flag);
            else message.flags.delete(flag);
          }
        }
      });
    this.#step();
    await ledger.record(folder.source, caughtUp(flagChanges), null);
  }

  #servers(ledger: AccountLedger): MoveServers {
    const identities = (server: ModelServer, folder: string, uids: readonly number[]) =>
      new Map(
        server
          .in(folder)
          .filter(({ uid }) => uids.includes(uid))
          .map(({ uid, kind }) => [uid, kind.messageId]),
      );
    return {
      stillThere: async ({ source }, uids) => new Set(identities(this.source, source, uids).keys()),
      messages: async ({ source }, uids) => identities(this.source, source, uids),
      copies: async ({ target }, uids) => identities(this.target, target, uids),
      commandsOf: (moved) => [moved.slice(0, 2), moved.slice(2)].filter(({ length }) => length > 0),
      moving: async ({ target }) => {
        this.#step();
        return this.#intentFor(target);
      },
      move: async (from, to, uids) => {
        const moved = this.#command(() => this.#moveOnTarget(from.target, to.target, uids));
        this.#step();
        // Every other target does not say where they are.
        return this.#token % 2 === 0 ? null : moved;
      },
      lookFor: ({ source }) => this.#reconcile(ledger, source),
    };
  }

  #moveOnTarget(from: string, to: string, uids: readonly number[]): Map<number, number> {
    const moved = new Map<number, number>();
    for (const uid of uids) {
      const message = this.target.take(from, uid);
      if (message === undefined) continue;
      if (message.isForeign) this.trespasses.push(`moved ${from} ${uid}`);
      moved.set(uid, this.target.put(to, message.kind, message.flags, message.isForeign));
    }
    return moved;
  }

  #intentFor(folder: string) {
    return {
      source: folder,
      sourceUidValidity: 1,
      target: folder,
      targetUidValidity: 1,
      targetUidNext: this.target.uidNext(folder),
      at: "2026-01-01T00:00:00.000Z",
    };
  }

  /** A command that changes the target. One that was on its way when the process died may still arrive. */
  #command<T>(work: () => T): T {
    if (this.#stepsLeft <= 0 && this.#reachesTarget) work();
    this.#step();
    return work();
  }

  #step(): void {
    if (this.#stepsLeft <= 0) throw new KilledError();
    this.#stepsLeft -= 1;
  }
}

function matchTwins(wanted: readonly Message[], found: readonly Message[]): Map<number, number> {
  const { pairs, unclear } = matchArrivals(wanted.map(recognisable), found.map(recognisable));
  const left = unclear.targets.flatMap((target) => found.find(({ uid }) => uid === target) ?? []);
  const matched = new Map(pairs.map(({ source, target }) => [source, target]));
  for (const source of unclear.sources) {
    const kind = wanted.find(({ uid }) => uid === source)?.kind;
    const at = left.findIndex((message) => message.kind === kind);
    const twin = at < 0 ? undefined : left.splice(at, 1)[0];
    if (twin) matched.set(source, twin.uid);
  }
  return matched;
}

function recognisable({ uid, kind }: Message) {
  return { uid, instant: kind.minute * 60, size: kind.size, messageId: kind.messageId };
}

function listedAs({ uid, kind, flags }: Message): MessageMetadata {
  const minute = String(kind.minute % 60).padStart(2, "0");
  const hour = String(Math.floor(kind.minute / 60)).padStart(2, "0");
  return {
    uid,
    flags: [...flags],
    internalDate: `01-Jan-1970 ${hour}:${minute}:00 +0000`,
    size: kind.size,
    messageId: kind.messageId,
  };
}

function entriesOf(ledger: AccountLedger, folder: string) {
  return ledger.folder(folder)?.entries ?? new Map<number, never>();
}

function headOf(folder: string) {
  return {
    source: folder,
    sourceUidValidity: 1,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target: folder,
    targetUidValidity: 1,
  };
}

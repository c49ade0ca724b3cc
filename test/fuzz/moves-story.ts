import assert from "node:assert/strict";
import * as fc from "fast-check";
import { isSpent } from "../../src/copy/changes/entry-state.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { sampleAccount, sampleDomain, T1 } from "../contract/samples.ts";
import type { Kind, Message, ModelServer } from "./model-server.ts";
import { MovesModel } from "./moves-model.ts";

export type Value<T> = T extends fc.Arbitrary<infer V> ? V : never;

const ADDRESS = "anna@a.it";
const FOLDERS = ["A", "B", "C"] as const;
export const NEVER = Number.MAX_SAFE_INTEGER;

const folder = fc.constantFrom(...FOLDERS);
export const mail = fc.record({ what: fc.constant("mail" as const), folder, kind: fc.nat(5) });
export const move = fc.record({ what: fc.constant("move" as const), folder, to: folder, at: fc.nat(9) });
export const copy = fc.record({ what: fc.constant("copy" as const), folder, to: folder, at: fc.nat(9) });
export const remove = fc.record({ what: fc.constant("remove" as const), folder, at: fc.nat(9) });
export const flag = fc.record({ what: fc.constant("flag" as const), folder, at: fc.nat(9) });
export const targetMove = fc.record({
  what: fc.constant("target move" as const),
  folder,
  to: folder,
  at: fc.nat(9),
});
export const targetRemove = fc.record({ what: fc.constant("target remove" as const), folder, at: fc.nat(9) });
export const foreign = fc.record({ what: fc.constant("foreign" as const), folder, kind: fc.nat(5) });

export type Deed = Value<
  | typeof mail
  | typeof move
  | typeof copy
  | typeof remove
  | typeof flag
  | typeof targetMove
  | typeof targetRemove
  | typeof foreign
>;

export function story(...deeds: fc.Arbitrary<Deed>[]) {
  const deed = fc.oneof(...deeds);
  const pass = fc.record({
    what: fc.constant("pass" as const),
    killAfter: fc.oneof(fc.nat(20), fc.constant(NEVER)),
    reachesTarget: fc.boolean(),
    meanwhile: fc.array(deed, { maxLength: 6 }),
  });
  return fc.array(fc.oneof({ weight: 2, arbitrary: deed }, { weight: 1, arbitrary: pass }), {
    minLength: 4,
    maxLength: 30,
  });
}

/** Two servers, a copier that dies now and then, and people at work on both sides. */
class Story {
  readonly model: MovesModel;
  /** Messages that there ever were at the source, copies counted one by one; moves make none. */
  readonly members = new Map<Kind, number>();
  readonly #store: Store;
  readonly #kinds: (number: number) => Kind;
  /** How often a kind must have been stored that is at the source so often. */
  readonly #least: (present: number) => number;

  constructor(store: Store, kinds: (number: number) => Kind, least: (present: number) => number) {
    this.#store = store;
    this.#kinds = kinds;
    this.#least = least;
    this.model = new MovesModel(store.ledger, ADDRESS, FOLDERS);
  }

  async tell(event: Deed | Value<ReturnType<typeof story>>[number]): Promise<void> {
    const unrecorded = await this.#unrecorded();
    if (event.what !== "pass") return this.#do(event, unrecorded);
    const { killAfter, reachesTarget } = event;
    const meanwhile = event.meanwhile.map((deed) => () => this.#do(deed, unrecorded));
    await this.model.pass({ killAfter, reachesTarget, meanwhile });
  }

  #do(deed: Deed, unrecorded: Unrecorded): void {
    const { source, target } = this.model;
    const pick = (server: ModelServer, at: number) =>
      server.in(deed.folder)[at % Math.max(1, server.in(deed.folder).length)];
    switch (deed.what) {
      case "mail":
        this.#arrive(this.#kinds(deed.kind), deed.folder);
        break;
      case "copy": {
        const message = pick(source, deed.at);
        if (message) this.#arrive(message.kind, deed.to);
        break;
      }
      case "move":
        moveMessage(
          source,
          deed.folder,
          deed.to,
          this.#noted(pick(source, deed.at), deed.folder, unrecorded),
        );
        break;
      case "remove":
        source.take(deed.folder, pick(source, deed.at)?.uid ?? 0);
        break;
      case "flag":
        toggle(source, pick(source, deed.at));
        break;
      case "target move":
      case "target remove": {
        const message = pick(target, deed.at);
        // What goes between a crash and the next look cannot be told from what never arrived: it is copied once more rather than lost.
        if (message && !message.isForeign && unrecorded.targetUids(deed.folder, message.uid))
          this.#addMember(message.kind);
        if (deed.what === "target remove") target.take(deed.folder, message?.uid ?? 0);
        else moveMessage(target, deed.folder, deed.to, message);
        break;
      }
      case "foreign":
        target.put(deed.folder, { ...this.#kinds(deed.kind), messageId: "<foreign>" }, ["foreign"], true);
        break;
    }
  }

  /** A message on its way when the process died, and moved before the next look, is not looked for where it was. */
  #noted(message: Message | undefined, at: string, unrecorded: Unrecorded): Message | undefined {
    if (message && unrecorded.sourceUids(at, message.uid)) this.#addMember(message.kind);
    return message;
  }

  #arrive(kind: Kind, at: string): void {
    this.#addMember(kind);
    this.model.source.put(at, kind, [], false);
  }

  #addMember(kind: Kind): void {
    this.members.set(kind, (this.members.get(kind) ?? 0) + 1);
  }

  async #unrecorded(): Promise<Unrecorded> {
    const intents = await this.#store.ledger.intents(ADDRESS);
    const folders = await this.#store.ledger.load(ADDRESS);
    return {
      sourceUids: (at, uid) => intents.some((one) => one.source === at && one.sourceUids.includes(uid)),
      targetUids: (at, uid) => {
        const known = folders.find(({ target }) => target === at)?.entries.map(({ targetUid }) => targetUid);
        return known?.includes(uid) !== true;
      },
    };
  }

  /** Nothing is stored more often than it was at the source, wherever it was moved to and whoever has deleted it on the target. */
  checkNotTwice(): void {
    for (const [kind, times] of this.model.appended)
      assert.ok(times <= (this.members.get(kind) ?? 0), `stored ${times} times: ${kind.messageId}`);
  }

  checkForeign(): void {
    assert.deepEqual(this.model.trespasses, []);
    for (const messages of FOLDERS.map((name) => this.model.target.in(name)))
      for (const { isForeign, flags } of messages) if (isForeign) assert.deepEqual([...flags], ["foreign"]);
  }

  /** Once passes go through: all that the source has is in the ledger, and was stored as often as it is there. */
  async checkWhole(): Promise<void> {
    const quietly = { killAfter: NEVER, reachesTarget: false, meanwhile: [] };
    await this.model.pass(quietly);
    await this.model.pass(quietly);
    const before = new Map(this.model.appended);
    await this.model.pass(quietly);
    assert.deepEqual(this.model.appended, before);
    const folders = await this.#store.ledger.load(ADDRESS);
    const present = new Map<Kind, number>();
    for (const name of FOLDERS) {
      const known = folders.find(({ source }) => source === name)?.entries ?? [];
      const entries = new Map(known.filter((one) => !isSpent(one)).map((one) => [one.sourceUid, one]));
      for (const { uid, kind, flags } of this.model.source.in(name)) {
        present.set(kind, (present.get(kind) ?? 0) + 1);
        assert.ok(entries.has(uid), `${name} ${uid} is not in the ledger`);
        const twin = this.model.target.in(name).find((one) => one.uid === entries.get(uid)?.targetUid);
        if (twin === undefined) continue;
        assert.equal(twin.kind, kind, `${name} ${uid} is taken for another message`);
        assert.ok(flags.isSubsetOf(twin.flags), "flags have not been followed");
        if (!this.model.foundKinds.has(kind))
          assert.ok(twin.flags.isSubsetOf(flags), "a flag that the source has taken away has stayed");
      }
    }
    for (const [kind, times] of present)
      assert.ok((this.model.appended.get(kind) ?? 0) >= this.#least(times), `lost: ${kind.messageId}`);
  }
}

interface Unrecorded {
  sourceUids(folder: string, uid: number): boolean;
  targetUids(folder: string, uid: number): boolean;
}

function moveMessage(server: ModelServer, from: string, to: string, message: Message | undefined): void {
  if (message === undefined) return;
  server.take(from, message.uid);
  server.put(to, message.kind, message.flags, message.isForeign);
}

function toggle(server: ModelServer, message: Message | undefined): void {
  if (message === undefined) return;
  if (!message.flags.delete("\\Seen")) message.flags.add("\\Seen");
  server.noteChange(message);
}

/** Each message another one. */
export function uniqueKinds(): (number: number) => Kind {
  let minute = 0;
  return () => {
    minute += 1;
    return { minute, size: 100, messageId: `<${minute}>` };
  };
}

/** Alike in date and size, but for one; the first two numbers are copies of one message, and so are the next two. */
const [X, Y, Z, OTHER]: readonly Kind[] = [1, 2, 3, 4].map((id) => ({
  minute: id === 4 ? 2 : 1,
  size: 100,
  messageId: `<${id}>`,
}));
export const ALIKE = [X, X, Y, Y, Z, OTHER];

export async function play(
  events: Value<ReturnType<typeof story>>,
  kinds: (number: number) => Kind,
  checks: { readonly notTwice: boolean; readonly least: (present: number) => number },
): Promise<void> {
  const store = sqliteStore(openDatabase(":memory:"));
  try {
    await store.domains.add(sampleDomain("a.it"));
    await store.accounts.addMany([sampleAccount(ADDRESS)], T1);
    const told = new Story(store, kinds, checks.least);
    const check = () => {
      told.checkForeign();
      if (checks.notTwice) told.checkNotTwice();
    };
    for (const event of events) {
      await told.tell(event);
      check();
    }
    await told.checkWhole();
    check();
  } finally {
    await store.close();
  }
}

import assert from "node:assert/strict";
import type { Store } from "../../src/store/store.ts";
import { CopyModel, type CopyOrder, isWhole } from "./copy-model.ts";
import type { Kind, TargetMessage } from "./copy-model-messages.ts";

/** Whose mailbox it is. */
export const ADDRESS = "anna@example.test";
const NEVER = Number.MAX_SAFE_INTEGER;
const MEGABYTE = 1024 * 1024;

/** Something that happens between two moments of a migration. */
export type Event =
  | { readonly what: "pass"; readonly killAfter: number; readonly lateArrivals: number }
  | { readonly what: "mail"; readonly kinds: readonly number[] }
  | { readonly what: "source deletes" | "target deletes"; readonly at: number }
  | { readonly what: "source flag" | "target flag"; readonly at: number; readonly flag: string }
  | { readonly what: "foreign"; readonly minute: number; readonly size: number }
  | { readonly what: "source renumbers" | "target folder anew" };

/** A migration as it goes, with users at work on both sides, and what must hold of it. */
export class Story {
  readonly model: CopyModel;
  readonly members = new Map<Kind, number>();
  readonly #store: Store;
  readonly #kindOf: (number: number) => Kind;

  constructor(store: Store, order: CopyOrder, kindOf: (number: number) => Kind) {
    this.#store = store;
    this.#kindOf = kindOf;
    this.model = new CopyModel(store.ledger, ADDRESS, order);
  }

  async happen(event: Event): Promise<void> {
    const { source, target } = this.model;
    switch (event.what) {
      case "pass":
        await this.model.pass(event.killAfter, event.lateArrivals);
        break;
      case "mail":
        for (const number of event.kinds) this.#arrive(this.#kindOf(number));
        break;
      case "source deletes":
        if (source.messages.length > 0) source.messages.splice(event.at % source.messages.length, 1);
        break;
      case "target deletes":
        if (target.messages.length > 0) await this.#targetLoses(event.at % target.messages.length, 1);
        break;
      case "source flag":
        toggle(source.messages[event.at % source.messages.length]?.flags, event.flag);
        break;
      case "target flag":
        this.#touch(target.messages[event.at % target.messages.length], event.flag);
        break;
      case "foreign":
        this.model.addForeign(foreignKind(event.minute, event.size));
        break;
      case "source renumbers":
        source.uidValidity += 1;
        source.messages = source.messages.map((message, at) => ({ ...message, uid: at + 1 }));
        source.uidNext = source.messages.length + 1;
        break;
      case "target folder anew":
        await this.#targetLoses(0, target.messages.length);
        target.uidValidity += 1;
        target.uidNext = 1;
        break;
    }
  }

  /** What must hold at every moment. */
  checkAlways(): void {
    assert.deepEqual(this.model.trespasses, []);
    for (const [kind, times] of this.model.stored)
      assert.ok(times <= (this.members.get(kind) ?? 0), `stored ${times} times: ${kind.content}`);
    for (const message of this.model.target.messages)
      if (message.isForeign && !message.isTouched) assert.deepEqual([...message.flags], ["foreign"]);
  }

  /** What must hold once a pass has gone through. */
  async checkWhole(): Promise<void> {
    await this.model.pass(NEVER, 0);
    const before = new Map(this.model.stored);
    await this.model.pass(NEVER, 0);
    assert.deepEqual(this.model.stored, before);
    this.checkAlways();
    assert.ok(await isWhole(this.model, this.#store.ledger, ADDRESS), "a message is not in the ledger");
    await this.#checkFlags();
    const present = Map.groupBy(this.model.source.messages, ({ kind }) => kind);
    for (const [kind, messages] of present) {
      const times = this.model.stored.get(kind) ?? 0;
      if (kind.isRefused) assert.equal(times, 0);
      else assert.ok(times >= messages.length, `lost: ${kind.content}`);
    }
  }

  /** Flags that the source has are on the target too, where its user has not touched them. */
  async #checkFlags(): Promise<void> {
    const [folder] = await this.#store.ledger.load(ADDRESS);
    const { source, target } = this.model;
    for (const { sourceUid, targetUid } of folder?.entries ?? []) {
      const message = source.messages.find(({ uid }) => uid === sourceUid);
      const twin = target.messages.find(({ uid }) => uid === targetUid);
      if (!message || !twin || twin.isTouched || twin.isForeign) continue;
      assert.ok(message.flags.isSubsetOf(twin.flags), "a flag of the source is missing");
    }
  }

  #arrive(kind: Kind): void {
    this.members.set(kind, (this.members.get(kind) ?? 0) + 1);
    this.model.addSource(kind, []);
  }

  /**
   * What is deleted between a crash and the next look cannot be told from what never arrived: it is copied once more rather than lost.
   */
  async #targetLoses(from: number, count: number): Promise<void> {
    const [folder] = await this.#store.ledger.load(ADDRESS);
    const recorded = new Set(folder?.entries.map(({ targetUid }) => targetUid));
    for (const { uid, kind, isForeign } of this.model.target.messages.splice(from, count)) {
      if (isForeign || recorded.has(uid)) continue;
      this.members.set(kind, (this.members.get(kind) ?? 0) + 1);
    }
  }

  #touch(message: TargetMessage | undefined, flag: string): void {
    if (!message) return;
    message.isTouched = true;
    toggle(message.flags, flag);
  }
}

/** Like ours in date and size, but another message. */
function foreignKind(minute: number, size: number): Kind {
  return { minute, size: size * MEGABYTE, messageId: null, content: "foreign", isRefused: false };
}

function toggle(flags: Set<string> | undefined, flag: string): void {
  if (!flags?.delete(flag)) flags?.add(flag);
}

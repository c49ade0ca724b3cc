import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { CopyModel, isWhole, type Kind, type TargetMessage } from "./copy-model.ts";

const ADDRESS = "anna@example.test";
const NEVER = Number.MAX_SAFE_INTEGER;
const MEGABYTE = 1024 * 1024;

/** Something that happens between two moments of a migration. */
type Event =
  | { readonly what: "pass"; readonly killAfter: number; readonly lateArrivals: number }
  | { readonly what: "mail"; readonly kinds: readonly number[] }
  | { readonly what: "source deletes" | "target deletes"; readonly at: number }
  | { readonly what: "source flag" | "target flag"; readonly at: number; readonly flag: string }
  | { readonly what: "foreign"; readonly minute: number; readonly size: number }
  | { readonly what: "source renumbers" | "target folder anew" };

const killed = fc.record({
  what: fc.constant("pass" as const),
  killAfter: fc.nat(25),
  lateArrivals: fc.nat(6),
});
const flag = fc.constantFrom("\\Seen", "\\Flagged", "$Work");
const common = [
  killed,
  killed,
  fc.record({
    what: fc.constant("mail" as const),
    kinds: fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ what: fc.constantFrom("source deletes" as const, "target deletes" as const), at: fc.nat(20) }),
  fc.record({ what: fc.constantFrom("source flag" as const, "target flag" as const), at: fc.nat(20), flag }),
  fc.record({ what: fc.constant("foreign" as const), minute: fc.nat(2), size: fc.nat(2) }),
];
const events = fc.array(fc.oneof<fc.Arbitrary<Event>[]>(...common), { minLength: 3, maxLength: 25 });
const eventsWithRenumbering = fc.array(
  fc.oneof<fc.Arbitrary<Event>[]>(
    ...common,
    fc.record({ what: fc.constantFrom("source renumbers" as const, "target folder anew" as const) }),
  ),
  { minLength: 3, maxLength: 25 },
);

/** Kinds that tie in every way: dates, sizes and Message-IDs are few. Sizes of megabytes make small batches. */
const TYING: readonly Kind[] = [
  { minute: 1, size: 3 * MEGABYTE, messageId: null, content: "a", isRefused: false },
  { minute: 1, size: 3 * MEGABYTE, messageId: null, content: "b", isRefused: false },
  { minute: 1, size: 3 * MEGABYTE, messageId: "<c>", content: "c", isRefused: false },
  { minute: 1, size: 1 * MEGABYTE, messageId: "<c>", content: "d", isRefused: false },
  { minute: 2, size: 1 * MEGABYTE, messageId: "<e>", content: "e", isRefused: false },
  { minute: 2, size: 9 * MEGABYTE, messageId: null, content: "f", isRefused: true },
];

class Story {
  readonly model: CopyModel;
  readonly members = new Map<Kind, number>();
  readonly #store: Store;
  readonly #kindOf: (number: number) => Kind;

  constructor(store: Store, kindOf: (number: number) => Kind) {
    this.#store = store;
    this.#kindOf = kindOf;
    this.model = new CopyModel(store.ledger, ADDRESS);
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
    expect(this.model.trespasses).toEqual([]);
    for (const [kind, times] of this.model.stored)
      expect(times).toBeLessThanOrEqual(this.members.get(kind) ?? 0);
    for (const message of this.model.target.messages)
      if (message.isForeign && !message.isTouched) expect([...message.flags]).toEqual(["foreign"]);
  }

  /** What must hold once a pass has gone through. */
  async checkWhole(): Promise<void> {
    await this.model.pass(NEVER, 0);
    const before = new Map(this.model.stored);
    await this.model.pass(NEVER, 0);
    expect(this.model.stored).toEqual(before);
    this.checkAlways();
    expect(await isWhole(this.model, this.#store.ledger, ADDRESS)).toBe(true);
    await this.#checkFlags();
    const present = Map.groupBy(this.model.source.messages, ({ kind }) => kind);
    for (const [kind, messages] of present) {
      const times = this.model.stored.get(kind) ?? 0;
      if (kind.isRefused) expect(times).toBe(0);
      else expect(times).toBeGreaterThanOrEqual(messages.length);
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
      expect([...twin.flags]).toEqual(expect.arrayContaining([...message.flags]));
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

describe("every source message arrives exactly once, and nothing foreign is touched", () => {
  async function play(story: readonly Event[], kindOf: (number: number) => Kind): Promise<void> {
    const own = sqliteStore(openDatabase(":memory:"));
    try {
      await own.domains.add(DOMAIN);
      await own.accounts.addMany([NEW_ACCOUNT], AT);
      const told = new Story(own, kindOf);
      for (const event of story) {
        await told.happen(event);
        told.checkAlways();
      }
      await told.checkWhole();
    } finally {
      await own.close();
    }
  }

  it("over kills at any moment, late arrivals, copies of one message, and users at work on both sides", async () => {
    await fc.assert(
      fc.asyncProperty(events, (story) => play(story, (number) => TYING[number] as Kind)),
      { numRuns: 200 },
    );
  });

  it("over changes of UIDVALIDITY on either side too", async () => {
    await fc.assert(
      fc.asyncProperty(eventsWithRenumbering, (story) => {
        let minute = 0;
        return play(story, () => {
          minute += 1;
          return {
            minute,
            size: MEGABYTE * 3,
            messageId: null,
            content: `unique ${minute}`,
            isRefused: minute % 7 === 0,
          };
        });
      }),
      { numRuns: 200 },
    );
  });
});

const AT = "2026-01-01T00:00:00.000Z";
const NEW_ACCOUNT = { address: ADDRESS, domain: "example.test", sourceLogin: null, name: null, quota: null };
const DOMAIN = {
  name: "example.test",
  state: "migrating" as const,
  source: { host: "127.0.0.1", port: 143, tls: "none" as const, ca: null, verify: true },
  login: "address" as const,
  cutover: { mx: [], txt: [] },
  createdAt: AT,
  finalizedAt: null,
};

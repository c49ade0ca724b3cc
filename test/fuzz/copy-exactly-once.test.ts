import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_FOLDER_POLICIES } from "../../src/model/domain.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { CopyOrder } from "./copy-model.ts";
import type { Kind } from "./copy-model-messages.ts";
import { ADDRESS, type Event, Story } from "./copy-story.ts";

const MEGABYTE = 1024 * 1024;

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
const orders = fc.constantFrom<CopyOrder>("newest-first", "oldest-first");
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

describe("every source message arrives exactly once, and nothing foreign is touched", () => {
  async function play(
    story: readonly Event[],
    order: CopyOrder,
    kindOf: (number: number) => Kind,
  ): Promise<void> {
    const own = sqliteStore(openDatabase(":memory:"));
    try {
      await own.domains.add(DOMAIN);
      await own.accounts.addMany([NEW_ACCOUNT], AT);
      const told = new Story(own, order, kindOf);
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
    const told = fc.assert(
      fc.asyncProperty(events, orders, (story, order) =>
        play(story, order, (number) => TYING[number] as Kind),
      ),
      { numRuns: 200 },
    );
    await expect(told).resolves.toBeUndefined();
  });

  it("over a kill after which the source deletes the one that has arrived of two that look alike", async () => {
    const story: Event[] = [
      { what: "mail", kinds: [2, 1, 0] },
      { what: "pass", killAfter: 3, lateArrivals: 1 },
      { what: "source deletes", at: 1 },
    ];
    const told = play(story, "newest-first", (number) => TYING[number] as Kind);
    await expect(told).resolves.toBeUndefined();
  });

  it("over changes of UIDVALIDITY on either side too", async () => {
    const told = fc.assert(
      fc.asyncProperty(eventsWithRenumbering, orders, (story, order) => {
        let minute = 0;
        return play(story, order, () => {
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
    await expect(told).resolves.toBeUndefined();
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
  ...DEFAULT_FOLDER_POLICIES,
  serve: "target" as const,
  createdAt: AT,
  finalizedAt: null,
};

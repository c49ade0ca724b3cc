import { describe, expect, test } from "vitest";
import { type BarsOptions, plainLine, renderBars } from "../../../src/cli/progress-bars.ts";
import { fractionDone, RateMeter } from "../../../src/cli/rate-meter.ts";
import { textWidth } from "../../../src/cli/text-width.ts";
import type { Account } from "../../../src/model/account.ts";

const NOW = 1_800_000_000_000;

describe("the fraction that is done", () => {
  test("goes by octets, and by messages where octets are not known", () => {
    expect(
      fractionDone(account({ bytesCopied: 25, bytesTotal: 100, messagesCopied: 9, messagesTotal: 10 })),
    ).toBe(0.25);
    expect(fractionDone(account({ messagesCopied: 9, messagesTotal: 10 }))).toBe(0.9);
    expect(fractionDone(account({}))).toBe(0);
  });

  test("is never over 100 %, nor 100 % before the copy is done", () => {
    const overtaken = { bytesCopied: 130, bytesTotal: 100 };
    expect(fractionDone(account(overtaken))).toBeLessThan(1);
    expect(fractionDone(account({ ...overtaken, state: "synced" }))).toBe(1);
    expect(plainLine(account(overtaken), new RateMeter())).toContain("99 %");
  });
});

describe("the bars", () => {
  test("show name, bar, percent, state, counts, time left and rate", () => {
    const copying = account({
      bytesCopied: 5_000_000,
      bytesTotal: 10_000_000,
      messagesCopied: 50,
      messagesTotal: 100,
    });
    expect(renderBars([copying], metered(copying), wide(120))).toEqual([
      "anna@example.org ██████████████████░░░░░░░░░░░░░░░░░░  50% copying   50/100  5 s left  1.0 MB/s  5.0/10.0 MB",
      "1 account: 1 copying · 50/100 messages · 5 s left · 1.0 MB/s, 10 messages/s · 5.0/10.0 MB",
    ]);
  });

  test("leave out whole details where there is no room for all", () => {
    const copying = account({ bytesCopied: 5e6, bytesTotal: 1e7, messagesCopied: 50, messagesTotal: 100 });
    expect(renderBars([copying], metered(copying), wide(79))).toEqual([
      "anna@example.org ████░░░░  50% copying   50/100  5 s left  1.0 MB/s",
      "1 account: 1 copying · 50/100 messages · 5 s left · 1.0 MB/s, 10 messages/s",
    ]);
  });

  test("say what is not known yet, and never that there are 0 s left", () => {
    const counts = { messagesTotal: 100, bytesTotal: 1000 };
    const detailsOf = (one: Account, rates = new RateMeter()) => plainLine(one, rates).split("%, ")[1];
    expect(detailsOf(account({}))).toBe("counting");
    expect(detailsOf(account({ ...counts, messagesCopied: 0, bytesCopied: 0 }))).toBe(
      "0/100, estimating, 0.0/1.0 KB",
    );
    const almost = account({ ...counts, messagesCopied: 99, bytesCopied: 999 });
    expect(detailsOf(almost, metered(almost))).toBe("99/100, 1 s left, 200 B/s, 1.0/1.0 KB");
    const all = account({ ...counts, messagesCopied: 100, bytesCopied: 1000 });
    expect(detailsOf(all, metered(all))).toContain("100/100, finishing");
    expect(detailsOf(account({ state: "captured" }))).toBe("waits for its turn");
  });

  test("tell what an account waits for", () => {
    const message = "waiting for the old server until 12:30";
    expect(renderBars([account({ message, messagesTotal: 7 })], new RateMeter(), wide(120))[0]).toContain(
      `copying   ${message}  0/7`,
    );
  });

  test("have none for those who have never logged in, and count them", () => {
    const accounts = [account({ state: "waiting" }), account({ state: "synced" })];
    expect(renderBars(accounts, new RateMeter(), wide(100)).at(-1)).toBe("2 accounts: 1 synced, 1 waiting");
    expect(renderBars(accounts, new RateMeter(), wide(100))).toHaveLength(2);
  });

  test.each([20, 30, 40, 60, 80, 132, 200])("never need more than %i columns", (columns) => {
    const accounts = [
      account({
        address: "a-very-long-name-of-somebody@department.university.example.org",
        bytesCopied: 1,
        bytesTotal: 3,
      }),
      account({
        state: "attention",
        message: "台北の日本語 😀 refuses the password. ".repeat(4),
      }),
      account({ state: "synced", messagesCopied: 123_456, messagesTotal: 123_456 }),
    ];
    const rates = metered(accounts[0] as Account);
    for (const line of renderBars(accounts, rates, wide(columns)))
      expect(textWidth(line)).toBeLessThanOrEqual(columns);
  });

  test("give up the bar where there is no room for it", () => {
    const copying = account({ bytesCopied: 1, bytesTotal: 2, messagesCopied: 1, messagesTotal: 2 });
    expect(renderBars([copying], new RateMeter(), wide(46))[0]).toBe(
      "anna@example.o… ████░░░░  50% copying   1/2",
    );
    expect(renderBars([copying], new RateMeter(), wide(24))[0]).toBe("anna@ex…  50% copying");
  });

  test("put those under way first, say how many are left out, and sum up all", () => {
    const accounts = [
      ...Array.from({ length: 5 }, (_, at) => account({ address: `s${at}@example.org`, state: "synced" })),
      account({ address: "busy@example.org" }),
      account({ address: "ill@example.org", state: "attention", message: "The quota is full." }),
    ];
    const lines = renderBars(accounts, new RateMeter(), { ...wide(100), lines: 5 });
    expect(lines).toHaveLength(5);
    expect(lines[0]).toContain("busy@example.org");
    expect(lines[1]).toContain("The quota is full.");
    expect(lines[3]).toBe("… and 4 more");
    expect(lines[4]).toBe("7 accounts: 1 copying, 1 attention, 5 synced");
  });

  test("say what an account waits for, which is no error", () => {
    const waiting = account({
      message: "waiting for the old server until 14:05Z",
      messagesCopied: 1,
      messagesTotal: 2,
    });
    const [line] = renderBars([waiting], new RateMeter(), wide(120));
    expect(line).toContain("copying   waiting for the old server until 14:05Z  1/2");
  });

  test("paint without changing the width", () => {
    const one = account({ bytesCopied: 1, bytesTotal: 2 });
    const painted = renderBars([one], new RateMeter(), {
      ...wide(80),
      paint: (colour, text) => `<${colour}>${text}</>`,
    });
    expect(painted[0]?.replaceAll(/<[^>]*>/g, "").trimEnd()).toBe(
      renderBars([one], new RateMeter(), wide(80))[0],
    );
  });
});

function wide(columns: number): BarsOptions {
  return { columns, lines: 20, paint: (_colour, text) => text };
}

/** A meter that has seen half of the account's counts arrive within five seconds. */
function metered(one: Account): RateMeter {
  const rates = new RateMeter();
  rates.note({ ...one, bytesCopied: 0, messagesCopied: 0 }, NOW - 5000);
  rates.note(one, NOW);
  return rates;
}

function account(parts: Partial<Account>): Account {
  return {
    address: "anna@example.org",
    domain: "example.org",
    state: "copying",
    reason: null,
    message: null,
    sourceLogin: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    firstLoginAt: null,
    copyStartedAt: null,
    syncedAt: null,
    lastPassAt: null,
    failedLogins: 0,
    lastFailedLoginAt: null,
    foldersTotal: null,
    foldersDone: null,
    messagesTotal: null,
    messagesCopied: null,
    bytesTotal: null,
    bytesCopied: null,
    quarantined: 0,
    ...parts,
  };
}

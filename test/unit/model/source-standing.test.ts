import { describe, expect, it } from "vitest";
import { fits } from "../../../src/model/budget.ts";
import { afterRefusal, limitNow, mayLoginTry, UNKNOWN_STANDING } from "../../../src/model/source-standing.ts";

const MINUTE = 60_000;
const refused = (held: number, words = "too many connections", heldByAccount = 1) => ({
  held,
  heldByAccount,
  at: 0,
  words,
});

describe("the limit of a source", () => {
  it("is learned from a refusal: one connection fewer than there were", () => {
    expect(afterRefusal(UNKNOWN_STANDING, refused(5)).connections).toMatchObject({ value: 4, at: 0 });
  });

  it("is never raised by a refusal, and never below one", () => {
    const four = afterRefusal(UNKNOWN_STANDING, refused(5));
    expect(afterRefusal(four, refused(9)).connections?.value).toBe(4);
    expect(afterRefusal(four, refused(1)).connections?.value).toBe(1);
    expect(afterRefusal(four, refused(0)).connections?.value).toBe(1);
  });

  it("ends where the server's is, when several are refused together", () => {
    // Eight at once to a server that takes three: each that is refused is released before the next is looked at.
    let standing = UNKNOWN_STANDING;
    for (const held of [8, 7, 6, 5, 4]) standing = afterRefusal(standing, refused(held));
    expect(standing.connections?.value).toBe(3);
  });

  it("holds for ten minutes, then grows by one a minute up to what is configured", () => {
    const learned = { value: 3, at: 0, words: "" };
    expect(limitNow(8, learned, 9 * MINUTE)).toBe(3);
    expect(limitNow(8, learned, 10 * MINUTE)).toBe(4);
    expect(limitNow(8, learned, 12.5 * MINUTE)).toBe(6);
    expect(limitNow(8, learned, 60 * MINUTE)).toBe(8);
    expect(limitNow(2, learned, 0)).toBe(2);
    expect(limitNow(8, null, 0)).toBe(8);
  });

  it("of one account is told from that of the host by the words", () => {
    const words = "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=3)";
    expect(afterRefusal(UNKNOWN_STANDING, refused(9, words, 4))).toMatchObject({
      connections: null,
      pairs: { value: 3 },
    });
  });

  it("of both is lowered where the words do not tell and the account had several", () => {
    const standing = afterRefusal(UNKNOWN_STANDING, refused(9, "[LIMIT] go away", 2));
    expect(standing.connections?.value).toBe(8);
    expect(standing.pairs?.value).toBe(1);
  });
});

describe("the budget", () => {
  const bounds = { limit: 8, perAccount: 2 };
  const use = { logins: 0, sessions: 0, copies: 0, follows: 0, copiesOfAccount: 0 };

  it("leaves the copier all but the reserve for logins", () => {
    expect(fits("copy", { ...use, copies: 6 }, bounds)).toBe(true);
    expect(fits("copy", { ...use, copies: 7 }, bounds)).toBe(false);
    expect(fits("follow", { ...use, copies: 7 }, bounds)).toBe(false);
    expect(fits("copy", { ...use, copies: 27 }, { limit: 32, perAccount: 2 })).toBe(true);
    expect(fits("copy", { ...use, copies: 28 }, { limit: 32, perAccount: 2 })).toBe(false);
  });

  it("gives the copier nothing that a login needs", () => {
    expect(fits("copy", { ...use, copies: 5, logins: 2 }, bounds)).toBe(true);
    expect(fits("copy", { ...use, copies: 5, logins: 3 }, bounds)).toBe(false);
    expect(fits("copy", { ...use, copies: 0, logins: 20 }, bounds)).toBe(false);
  });

  it("lets the copier have the only connection while nobody logs in", () => {
    expect(fits("copy", use, { limit: 1, perAccount: 2 })).toBe(true);
    expect(fits("copy", { ...use, logins: 1 }, { limit: 1, perAccount: 2 })).toBe(false);
  });

  it("gives following a half of the copier's share at most", () => {
    expect(fits("follow", { ...use, copies: 2, follows: 2 }, bounds)).toBe(true);
    expect(fits("follow", { ...use, copies: 3, follows: 3 }, bounds)).toBe(false);
    expect(fits("follow", use, { limit: 2, perAccount: 2 })).toBe(false);
  });

  it("leaves room for sessions at the source as far as it has shown what it bears, and always copies with one connection", () => {
    expect(fits("copy", { ...use, copies: 3, sessions: 100 }, bounds)).toBe(true);
    const shown = { ...bounds, bearable: 20 };
    expect(fits("copy", { ...use, copies: 3, sessions: 15 }, shown)).toBe(true);
    expect(fits("copy", { ...use, copies: 3, sessions: 16 }, shown)).toBe(false);
    expect(fits("follow", { ...use, copies: 1, sessions: 30 }, shown)).toBe(false);
    expect(fits("copy", { ...use, copies: 0, sessions: 30 }, shown)).toBe(true);
    expect(fits("session", { ...use, copies: 9, sessions: 999 }, shown)).toBe(true);
  });

  it("bounds the pairs of one account, and never a login", () => {
    expect(fits("copy", { ...use, copies: 2, copiesOfAccount: 2 }, bounds)).toBe(false);
    expect(fits("follow", { ...use, copies: 2, copiesOfAccount: 2 }, bounds)).toBe(true);
    expect(fits("login", { ...use, logins: 9, copies: 9, follows: 9, copiesOfAccount: 9 }, bounds)).toBe(
      true,
    );
  });
});

describe("a login and a source that lets nobody in", () => {
  const banned = {
    ...UNKNOWN_STANDING,
    breaker: { state: "open", since: 0, round: 0, retryAt: 60_000, words: "refused" },
  } as const;

  it("one may try every half minute, whoever it is", () => {
    const first = mayLoginTry(banned, 1_000);
    expect(first).toMatchObject({ may: true, becomes: { loginTriedAt: 1_000 } });
    const tried = { ...banned, loginTriedAt: 1_000 };
    expect(mayLoginTry(tried, 30_999)).toEqual({ may: false, until: 31_000 });
    expect(mayLoginTry(tried, 31_000).may).toBe(true);
  });

  it("all may while it is known to let people in, and nothing changes", () => {
    const trial = mayLoginTry(UNKNOWN_STANDING, 5);
    expect(trial).toEqual({ may: true, becomes: UNKNOWN_STANDING });
  });
});

import { describe, expect, it } from "vitest";
import type { Account } from "../../../src/model/account.ts";
import type { Domain } from "../../../src/model/domain.ts";
import { PROTOCOLS } from "../../../src/model/protocol.ts";
import { routeOf } from "../../../src/model/route.ts";

const domain = (changes: Partial<Domain> = {}): Pick<Domain, "serve" | "state"> => ({
  serve: "source-until-synced",
  state: "migrating",
  ...changes,
});
const account = (changes: Partial<Account> = {}): Pick<Account, "syncedAt" | "state"> => ({
  syncedAt: null,
  state: "copying",
  ...changes,
});
const routes = (of: ReturnType<typeof domain>, who: ReturnType<typeof account>) =>
  Object.fromEntries(PROTOCOLS.map((protocol) => [protocol, routeOf(of, who, protocol)]));

const ALL_TO_THE_TARGET = { imap: "target", pop3: "target", submission: "target", sieve: "target" };

describe("a session", () => {
  it("leads to the target unless the domain says otherwise", () => {
    expect(routes(domain({ serve: "target" }), account({ state: "waiting" }))).toEqual(ALL_TO_THE_TARGET);
  });

  it("leads to the source until the first copy is complete, where the domain says so: IMAP there, POP3 nowhere, the rest to the target", () => {
    const expected = { imap: "source", pop3: "later", submission: "target", sieve: "target" };
    for (const state of ["waiting", "captured", "copying", "attention"] as const)
      expect(routes(domain(), account({ state }))).toEqual(expected);
    expect(routes(domain({ state: "finalizing" }), account())).toEqual(expected);
  });

  it("leads to the target for good once the first copy is complete, whatever comes after", () => {
    for (const state of ["synced", "attention", "finalized"] as const)
      expect(routes(domain(), account({ state, syncedAt: "2026-03-01T10:00:00.000Z" }))).toEqual(
        ALL_TO_THE_TARGET,
      );
  });

  it("never leads to a source that is not contacted any more", () => {
    expect(routes(domain({ state: "finalized" }), account())).toEqual(ALL_TO_THE_TARGET);
    expect(routes(domain(), account({ state: "finalized" }))).toEqual(ALL_TO_THE_TARGET);
  });
});

import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../../src/cli/diagnostics.ts";
import { createLog } from "../../../src/log/log.ts";

describe("what a command says of its own accord", () => {
  function said(message: string, ...fields: object[]): string[] {
    const lines: string[] = [];
    const diagnostics = new Diagnostics((text) => lines.push(text));
    const log = createLog({
      level: "warn",
      stream: diagnostics,
    });
    for (const one of fields) log.warn(one, message);
    diagnostics.end();
    return lines;
  }

  it("is a sentence, not a line of a log", () => {
    const message = "1 message is not on the target";
    expect(said(message, { event: "account.attention", account: "anna@example.org" })).toEqual([
      "imbarco: warning: anna@example.org: 1 message is not on the target",
    ]);
  });

  it("tells the cause where the sentence does not", () => {
    expect(said("a permit could not be given back", { causes: ["database is locked"] })).toEqual([
      "imbarco: warning: a permit could not be given back: database is locked",
    ]);
    expect(said("the mailbox is full", { causes: ["the mailbox is full"] })).toEqual([
      "imbarco: warning: the mailbox is full",
    ]);
  });

  it("names an account once", () => {
    const message = "anna@example.org may not log in";
    expect(said(message, { account: "anna@example.org" })).toEqual([`imbarco: warning: ${message}`]);
  });

  it("says the same of three accounts, and of more only how often", () => {
    const accounts = Array.from({ length: 1000 }, (_, at) => ({ account: `user${at}@example.org` }));
    expect(said("the source cannot be used", ...accounts)).toEqual([
      "imbarco: warning: user0@example.org: the source cannot be used",
      "imbarco: warning: user1@example.org: the source cannot be used",
      "imbarco: warning: user2@example.org: the source cannot be used",
      "imbarco: warning: the source cannot be used (997 more times)",
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { diagnosticOf } from "../../../src/cli/diagnostics.ts";
import { createLog } from "../../../src/log/log.ts";

describe("what a command says of its own accord", () => {
  function said(fields: object, message: string): string[] {
    const lines: string[] = [];
    const log = createLog({
      level: "warn",
      stream: { write: (line) => void lines.push(diagnosticOf(line)) },
    });
    log.warn(fields, message);
    return lines;
  }

  it("is a sentence, not a line of a log", () => {
    const message = "1 message is not on the target";
    expect(said({ event: "account.attention", account: "anna@example.org" }, message)).toEqual([
      "imbarco: warning: 1 message is not on the target",
    ]);
  });

  it("tells the cause where the sentence does not", () => {
    expect(said({ causes: ["database is locked"] }, "a permit could not be given back")).toEqual([
      "imbarco: warning: a permit could not be given back: database is locked",
    ]);
    expect(said({ causes: ["the mailbox is full"] }, "the mailbox is full")).toEqual([
      "imbarco: warning: the mailbox is full",
    ]);
  });
});

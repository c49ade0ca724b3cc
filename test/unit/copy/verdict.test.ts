import { describe, expect, it } from "vitest";
import { instantOf } from "../../../src/copy/internal-date.ts";
import { judge } from "../../../src/copy/verdict.ts";
import type { AppendResult } from "../../../src/upstream/imap/append.ts";

function transfer(uid: number, result: AppendResult) {
  const message = {
    uid,
    flags: ["\\Seen"],
    internalDate: " 1-Jan-2020 01:00:00 +0100",
    size: 9,
    messageId: null,
  };
  return { message, result };
}

function refused(code: string | null, text = "no"): AppendResult {
  return { kind: "refused", code, text };
}

describe("judge", () => {
  it("records what is stored and what is refused for its own sake, with the server's words", () => {
    const { entries } = judge([
      transfer(1, { kind: "stored", uidValidity: 3, uid: 70 }),
      transfer(2, refused("TOOBIG", "too\nlarge")),
    ]);
    expect(entries).toEqual([
      { sourceUid: 1, targetUid: 70, flags: ["\\Seen"], internalDate: 1577836800, size: 9, refusal: null },
      {
        sourceUid: 2,
        targetUid: null,
        flags: ["\\Seen"],
        internalDate: 1577836800,
        size: 9,
        refusal: "[TOOBIG] too?large",
      },
    ]);
  });

  it("records nothing of a full mailbox, a folder that is gone or a server in trouble", () => {
    const verdict = judge([
      transfer(1, refused("OVERQUOTA", "full")),
      transfer(2, refused("TRYCREATE", "gone")),
      transfer(3, refused("SERVERBUG", "disk")),
      transfer(4, refused(null, "Quota exceeded")),
    ]);
    expect(verdict.entries).toEqual([]);
    expect(verdict.overQuota).toBe("[OVERQUOTA] full");
    expect(verdict.folderGone).toBe("[TRYCREATE] gone");
    expect(verdict.postponed).toEqual({ messages: 1, words: "[SERVERBUG] disk" });
  });
});

describe("instantOf", () => {
  it("reads the same instant from every zone, and 0 from what is no date", () => {
    expect(instantOf("17-Jul-1996 02:44:25 -0700")).toBe(Date.parse("1996-07-17T09:44:25Z") / 1000);
    expect(instantOf(" 7-Jul-1996 11:44:25 +0200")).toBe(Date.parse("1996-07-07T09:44:25Z") / 1000);
    expect(instantOf("yesterday")).toBe(0);
  });
});

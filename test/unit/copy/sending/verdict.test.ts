import { describe, expect, it } from "vitest";
import { judge } from "../../../../src/copy/sending/verdict.ts";
import type { AppendManyResult } from "../../../../src/upstream/imap/commands/append.ts";

function message(uid: number) {
  const internalDate = " 1-Jan-2020 01:00:00 +0100";
  return { uid, flags: ["\\Seen"], internalDate, size: 9, messageId: null };
}

function refused(code: string | null, text = "no"): AppendManyResult {
  return { kind: "refused", code, text };
}

describe("judge", () => {
  it("pairs the messages of a command with their UIDs, in order", () => {
    const messages = [message(1), message(2)];
    const { stored } = judge({ messages, result: { kind: "stored", uidValidity: 3, uids: [70, 71] } });
    expect(stored).toEqual([
      { message: messages[0], uidValidity: 3, targetUid: 70 },
      { message: messages[1], uidValidity: 3, targetUid: 71 },
    ]);
  });

  it("counts messages as stored where the target does not say under which UID", () => {
    const messages = [message(1)];
    const { stored } = judge({ messages, result: { kind: "stored", uidValidity: null, uids: null } });
    expect(stored).toEqual([{ message: messages[0], uidValidity: null, targetUid: null }]);
  });

  it("gives back what is refused for its own sake, with the server's words", () => {
    const messages = [message(2)];
    const { refused: group } = judge({ messages, result: refused("TOOBIG", "too\nlarge") });
    expect(group).toEqual({ messages, words: "[TOOBIG] too?large" });
  });

  it("stores nothing of a full mailbox, a folder that is gone or a server in trouble", () => {
    const judged = (result: AppendManyResult) => judge({ messages: [message(1)], result });
    expect(judged(refused("OVERQUOTA", "full"))).toMatchObject({ stored: [], overQuota: "[OVERQUOTA] full" });
    expect(judged(refused(null, "Quota exceeded"))).toMatchObject({
      stored: [],
      overQuota: "Quota exceeded",
    });
    expect(judged(refused("TRYCREATE", "gone"))).toMatchObject({
      stored: [],
      folderGone: "[TRYCREATE] gone",
    });
    const postponed = { messages: 1, words: "[SERVERBUG] disk" };
    expect(judged(refused("SERVERBUG", "disk"))).toMatchObject({ stored: [], refused: null, postponed });
  });

  it("takes a message that is too large for refused, and no limit of another kind", () => {
    const judged = (code: string | null, text: string) =>
      judge({ messages: [message(1)], result: refused(code, text) });
    const tooLarge = "Mail size is larger than the maximum size allowed by server configuration";
    expect(judged("LIMIT", `${tooLarge} (0.001 + 0.000 secs).`)).toMatchObject({
      refused: { words: `[LIMIT] ${tooLarge}` },
      postponed: null,
    });
    expect(judged("LIMIT", "Too many messages in this mailbox").postponed).not.toBeNull();
    expect(judged("OVERQUOTA", "Mail size exceeds quota").overQuota).not.toBeNull();
    expect(judged(null, "Quota exceeded: message too large").overQuota).not.toBeNull();
    expect(judged(null, "Message size exceeds the limit").refused).not.toBeNull();
  });

  it("says the same words each time, without how long the server took", () => {
    const first = judge({
      messages: [message(1)],
      result: refused("OVERQUOTA", "Quota exceeded (mailbox for user is full) (0.001 + 0.000 secs)."),
    });
    expect(first.overQuota).toBe("[OVERQUOTA] Quota exceeded (mailbox for user is full)");
  });

  it("tries in parts what does not fit together", () => {
    const messages = [message(1), message(2)];
    expect(judge({ messages, result: refused("OVERQUOTA", "full") })).toMatchObject({
      overQuota: null,
      refused: { messages },
    });
  });
});

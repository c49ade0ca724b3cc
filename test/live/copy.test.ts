import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";

function message(number: number, more: Partial<MessageToStore> = {}): MessageToStore {
  const day = String((number % 28) + 1).padStart(2, "0");
  return {
    body: Buffer.from(
      `From: a@example.test\r\nMessage-ID: <${number}@example.test>\r\nSubject: message ${number}\r\n\r\nHello ${number}.\r\n`,
    ),
    internalDate: `${day}-Mar-2021 10:11:12 +0200`,
    ...more,
  };
}

function messages(from: number, count: number): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => message(from + at));
}

describe("passes over one mailbox", () => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna"] });
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
      INBOX: [message(0, { flags: ["\\Seen", "$Work", "\\Answered"] }), ...messages(1, 230)],
      Sent: messages(300, 12),
      "Work.2020.Rome": messages(400, 5),
      Empty: [],
    });
  });

  afterAll(() => copying?.stop());

  it("copy everything, and show it", async () => {
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 248, refused: 0 });
    expect(await copying.differences("anna")).toEqual([]);
    expect(await copying.account("anna")).toMatchObject({
      state: "synced",
      foldersTotal: 4,
      foldersDone: 4,
      messagesTotal: 248,
      messagesCopied: 248,
      quarantined: 0,
    });
  });

  it("do nothing where nothing has changed", async () => {
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("bring new mail and changed flags", async () => {
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
      INBOX: messages(500, 3),
      Sent: messages(503, 1),
    });
    await copying.act(
      "source",
      "anna",
      "INBOX",
      "UID STORE 1 -FLAGS (\\Seen $Work)",
      "UID STORE 2 +FLAGS (\\Flagged)",
    );
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 4, refused: 0 });
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("leave alone what the user has done on the target: deleted stays deleted, moved stays moved, own flags stay", async () => {
    await copying.act(
      "target",
      "anna",
      "INBOX",
      "UID STORE 1:3 +FLAGS (\\Deleted)",
      "EXPUNGE",
      "UID MOVE 4 Empty",
      "UID STORE 5 +FLAGS (\\Flagged)",
    );
    const before = await copying.read("target", "anna");
    await copying.act("source", "anna", "INBOX", "UID STORE 1:234 +FLAGS ($Later)");
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    const after = await copying.read("target", "anna");
    const inbox = after.get("INBOX")?.messages ?? [];
    expect(inbox.map(({ uid }) => uid)).toEqual(before.get("INBOX")?.messages.map(({ uid }) => uid));
    expect(inbox.every(({ flags }) => flags.includes("$Later"))).toBe(true);
    expect(inbox.find(({ uid }) => uid === 5)?.flags).toContain("\\Flagged");
    expect(after.get("Empty")?.messages[0]?.flags).toEqual(before.get("Empty")?.messages[0]?.flags);
  });
});

import { describe, expect, test } from "vitest";
import { deleteFolder } from "../../../../../src/upstream/imap/commands/delete.ts";
import { copyMessages, moveMessages } from "../../../../../src/upstream/imap/commands/move.ts";
import { renameFolder } from "../../../../../src/upstream/imap/commands/rename.ts";
import { scriptedConnection } from "../../scripted-connection.ts";

describe("moving messages", () => {
  test("by MOVE says where they went, from one or several untagged lines", async () => {
    const { connection, line, say } = scriptedConnection("MOVE UIDPLUS", { strayResponses: 1 });
    const moved = moveMessages(connection, "4,7:9", "Old & new");
    expect(await line()).toBe('UID MOVE 4,7:9 "Old & new"');
    say(
      "* OK [COPYUID 77 4,7:8 101:103] moved",
      "* OK [COPYUID 77 9 200]",
      "* 1 EXPUNGE",
      "* 1 EXPUNGE",
      "* VANISHED 7:9",
      "% OK done",
    );
    expect(await moved).toEqual({
      kind: "moved",
      copied: {
        uidValidity: 77,
        uids: new Map([
          [4, 101],
          [7, 102],
          [8, 103],
          [9, 200],
        ]),
      },
    });
  });

  test("without MOVE removes what the server says to have copied, and nothing else", async () => {
    const { connection, line, say } = scriptedConnection("UIDPLUS");
    const moved = moveMessages(connection, "4:9", "Old");
    expect(await line()).toBe('UID COPY 4:9 "Old"');
    say("% OK [COPYUID 7 4:5,8 1:3]");
    expect(await line()).toBe("UID STORE 4:5,8 +FLAGS.SILENT (\\Deleted)");
    say("% OK");
    expect(await line()).toBe("UID EXPUNGE 4:5,8");
    say("* 1 EXPUNGE", "% OK");
    expect(await moved).toMatchObject({ kind: "moved", copied: { uidValidity: 7 } });
  });

  test("that can be copied and not removed says so", async () => {
    const { connection, line, say } = scriptedConnection("UIDPLUS");
    const moved = moveMessages(connection, "4", "Old");
    await line();
    say("% OK");
    expect(await line()).toBe("UID STORE 4 +FLAGS.SILENT (\\Deleted)");
    say("% NO [NOPERM] read only");
    expect(await moved).toMatchObject({ kind: "copied-only", copied: null, refusal: { code: "NOPERM" } });
  });

  test("is not possible with neither MOVE nor UIDPLUS, and nothing is sent then", async () => {
    const { connection } = scriptedConnection("IMAP4REV1");
    expect(await moveMessages(connection, "4", "Old")).toEqual({ kind: "not-possible" });
  });

  test.each([
    ["no code", "% OK"],
    ["sets that do not fit", "% OK [COPYUID 7 4:5 1:3]"],
    ["sets that are none", "% OK [COPYUID 7 4:* 1]"],
    ["a set without end", "% OK [COPYUID 7 1:4294967295 1:4294967295]"],
  ])("with %s is copied nobody knows where", async (_what, answer) => {
    const { connection, line, say } = scriptedConnection("MOVE UIDPLUS");
    const copied = copyMessages(connection, "4:5", "Old");
    await line();
    say(answer);
    expect(await copied).toBeNull();
  });

  test("that fails on the way tells what has moved already", async () => {
    const { connection, line, say } = scriptedConnection("MOVE UIDPLUS");
    const moved = moveMessages(connection, "4:9", "Old");
    await line();
    say("* OK [COPYUID 77 4 101]", "* 1 EXPUNGE", "% NO [OVERQUOTA] full");
    expect(await moved).toEqual({
      kind: "moved",
      copied: { uidValidity: 77, uids: new Map([[4, 101]]) },
    });
  });

  test("to a folder that is not there is refused", async () => {
    const { connection, line, say } = scriptedConnection("MOVE");
    const moved = moveMessages(connection, "4", "No");
    await line();
    say("% NO [TRYCREATE] no such folder");
    await expect(moved).rejects.toMatchObject({ name: "CommandRefusedError", code: "TRYCREATE" });
  });

  test("never takes a set whose end nobody knows", async () => {
    const { connection } = scriptedConnection("MOVE");
    await expect(moveMessages(connection, "4:*", "Old")).rejects.toThrow("by their UIDs");
  });
});

describe("folders", () => {
  test("are renamed and deleted, and one that is gone already is no error", async () => {
    const { connection, line, say } = scriptedConnection();
    const renamed = renameFolder(connection, "A", 'B "2"');
    expect(await line()).toBe('RENAME "A" "B \\"2\\""');
    say("% OK");
    await renamed;
    const deleted = deleteFolder(connection, "A");
    expect(await line()).toBe('DELETE "A"');
    say("% OK");
    expect(await deleted).toBe("deleted");
    const gone = deleteFolder(connection, "A");
    await line();
    say("% NO [NONEXISTENT] none");
    expect(await gone).toBe("gone");
    const refused = renameFolder(connection, "A", "B");
    await line();
    say("% NO [ALREADYEXISTS] there");
    await expect(refused).rejects.toMatchObject({ code: "ALREADYEXISTS" });
  });

  test("INBOX is neither renamed nor deleted", async () => {
    const { connection } = scriptedConnection();
    await expect(renameFolder(connection, "inbox", "B")).rejects.toThrow("INBOX");
    await expect(deleteFolder(connection, "INBOX")).rejects.toThrow("INBOX");
  });
});

import { describe, expect, test } from "vitest";
import { listFolders } from "../../../../src/upstream/imap/commands/list.ts";
import { scriptedConnection } from "../scripted-connection.ts";

const ALL = "LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE STATUS=SIZE";
const REST = { messages: null, uidNext: null, uidValidity: null, highestModSeq: null, size: null };

describe("folders with their status", () => {
  test("come in one command, whatever order and case the server says them in", async () => {
    const { connection, line, say } = scriptedConnection(ALL);
    const folders = listFolders(connection, { status: true });
    expect(await line()).toBe(
      'LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE))',
    );
    say(
      "* STATUS inbox (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 5 HIGHESTMODSEQ 90071992547409931234 SIZE 6)",
      '* LIST () "/" INBOX',
      '* LIST (\\Noselect) "/" Top',
      '* LIST (\\Subscribed) "/" "a b"',
      '* LIST () "/" Broken',
      "* NO [SERVERBUG] Broken cannot be read",
      '* STATUS "a b" (MESSAGES 1)',
      "% OK",
    );
    const [inbox, top, ab, broken] = await folders;
    expect(inbox?.status).toEqual({
      messages: 3,
      uidNext: 4,
      uidValidity: 5,
      highestModSeq: "90071992547409931234",
      size: 6,
    });
    expect(top?.status).toBeNull();
    expect(ab).toMatchObject({ subscribed: true, status: { ...REST, messages: 1 } });
    expect(broken).toMatchObject({ name: "Broken", status: null });
  });

  test("come without sizes, and at last without status, where the server refuses because of one folder", async () => {
    for (const refusal of ["% NO [SERVERBUG] internal error", "% NO cannot", "% BAD what?"]) {
      const { connection, line, say } = scriptedConnection(ALL);
      const folders = listFolders(connection, { status: true });
      expect(await line()).toContain("SIZE))");
      say('* LIST () "/" Gone', refusal);
      expect(await line()).toContain("HIGHESTMODSEQ))");
      say(refusal);
      expect(await line()).toBe('LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE)');
      say('* LIST () "/" INBOX', "% OK");
      expect(await folders).toEqual([{ name: "INBOX", separator: "/", attributes: [], subscribed: false }]);
    }
  });

  test("come without status where LIST-STATUS is not offered, or not asked for", async () => {
    const { connection, line, say } = scriptedConnection("LIST-EXTENDED");
    const folders = listFolders(connection, { status: true });
    expect(await line()).toBe('LIST "" "*" RETURN (SUBSCRIBED)');
    say('* LIST () "/" INBOX', "% OK");
    expect((await folders)[0]?.status ?? null).toBeNull();
    connection.setCapabilities(ALL);
    const plain = listFolders(connection);
    expect(await line()).toBe('LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE)');
    say("% OK");
    expect(await plain).toEqual([]);
  });

  test("a connection that is lost meanwhile is no reason to ask again", async () => {
    const { connection, line, server } = scriptedConnection(ALL);
    const folders = listFolders(connection, { status: true });
    await line();
    server.end();
    await expect(folders).rejects.toMatchObject({ kind: "source-unreachable" });
  });
});

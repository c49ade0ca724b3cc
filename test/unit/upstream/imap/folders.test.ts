import { describe, expect, test } from "vitest";
import { createFolder } from "../../../../src/upstream/imap/commands/create.ts";
import { listFolders } from "../../../../src/upstream/imap/commands/list.ts";
import { logOut } from "../../../../src/upstream/imap/commands/logout.ts";
import { openFolder } from "../../../../src/upstream/imap/commands/select.ts";
import { isStorableFlag } from "../../../../src/upstream/imap/flags.ts";
import { uidSetOf, uidSetsOf } from "../../../../src/upstream/imap/uid-set.ts";
import { scriptedConnection } from "../scripted-connection.ts";

describe("folders", () => {
  test("are listed once each, names as octets, whatever form they come in", async () => {
    const { connection, line, say } = scriptedConnection("LIST-EXTENDED SPECIAL-USE");
    const folders = listFolders(connection);
    expect(await line()).toBe('LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE)');
    say(
      '* LIST (\\Subscribed \\HasNoChildren) "/" INBOX',
      '* LIST (\\Sent) "/" "Entw&APw-rfe/\\"x\\""',
      "* LIST () NIL {2}",
      "\xfcx",
      "* LIST () NIL NIL",
      '* LIST (\\Sent) "/" INBOX ("CHILDINFO" ("SUBSCRIBED"))',
      "% OK",
    );
    expect(await folders).toEqual([
      { name: "INBOX", separator: "/", attributes: ["\\hasnochildren", "\\sent"], subscribed: true },
      { name: 'Entw&APw-rfe/"x"', separator: "/", attributes: ["\\sent"], subscribed: false },
      { name: "\xfcx", separator: null, attributes: [], subscribed: false },
      { name: "NIL", separator: null, attributes: [], subscribed: false },
    ]);
  });

  test("open with what the server says of them, and UIDVALIDITY must be among it", async () => {
    const { connection, line, say } = scriptedConnection();
    const opened = openFolder(connection, "INBOX", "examine");
    expect(await line()).toBe('EXAMINE "INBOX"');
    const lines = [
      "* 3 EXISTS",
      "* OK [UIDVALIDITY 7]",
      "* OK [UIDNEXT 12]",
      "* OK [HIGHESTMODSEQ 90071992547409931234]",
      "* OK [PERMANENTFLAGS ()]",
    ];
    say(...lines, "% OK [READ-ONLY]");
    expect(await opened).toEqual({
      exists: 3,
      uidNext: 12,
      uidValidity: 7,
      highestModSeq: "90071992547409931234",
      permanentFlags: [],
      readOnly: true,
    });
    for (const nonsense of ["0", "1) X", "-1", "123456789012345678901"]) {
      const odd = openFolder(connection, "INBOX", "select");
      await line();
      say("* 3 EXISTS", "* OK [UIDVALIDITY 7]", `* OK [HIGHESTMODSEQ ${nonsense}]`, "% OK");
      expect((await odd).highestModSeq).toBeNull();
    }
    const without = openFolder(connection, "INBOX", "select");
    await line();
    say("* 3 EXISTS", "% OK");
    await expect(without).rejects.toMatchObject({ kind: "source-protocol" });
  });

  test("that cannot be opened are gone only where the server says so", async () => {
    const { connection, line, say } = scriptedConnection();
    for (const code of ["NONEXISTENT", "NOPERM"]) {
      const opened = openFolder(connection, "x", "select");
      await line();
      say(`% NO [${code}] x`);
      await expect(opened).rejects.toMatchObject({ name: "FolderGoneError", code });
    }
    const busy = openFolder(connection, "x", "select");
    await line();
    say("% NO [INUSE] x");
    await expect(busy).rejects.toMatchObject({ kind: "source-unreachable" });
  });

  test("are made without their special use where another has it, and known by STATUS where there are no codes", async () => {
    const { connection, line, say } = scriptedConnection("CREATE-SPECIAL-USE");
    const made = createFolder(connection, "Sent", "\\Sent");
    expect(await line()).toBe('CREATE "Sent" (USE (\\Sent))');
    say("% NO [USEATTR] taken");
    expect(await line()).toBe('CREATE "Sent"');
    say("% NO Mailbox already exists");
    expect(await line()).toContain('STATUS "Sent"');
    say("* STATUS Sent (MESSAGES 0)", "% OK");
    expect(await made).toBe("exists");
    const refused = createFolder(connection, "cur");
    await line();
    say("% NO [CANNOT] not this name");
    await line();
    say("% NO no");
    await expect(refused).rejects.toMatchObject({ name: "CommandRefusedError", code: "CANNOT" });
  });
});

test("logging out takes the server's goodbye for what it is, and a dead server too", async () => {
  const { connection, line, say } = scriptedConnection();
  const done = logOut(connection);
  await line();
  say("* BYE see you", "% OK");
  await expect(done).resolves.toBeUndefined();
  await expect(logOut(connection)).resolves.toBeUndefined();
});

test("UIDs become runs, in sets of bounded length", () => {
  expect(uidSetOf([1, 2, 3, 5, 7, 8])).toBe("1:3,5,7:8");
  expect(uidSetOf([])).toBe("");
  expect(uidSetsOf([1, 2, 3, 5, 7, 8], 5)).toEqual(["1:3,5", "7:8"]);
});

test("only flags that cannot break a command are stored", () => {
  for (const flag of ["\\Seen", "\\DRAFT", "$Work", "NonJunk", "a:b"])
    expect(isStorableFlag(flag)).toBe(true);
  for (const flag of ["\\Recent", "\\Junk", "", "a b", 'a"b', "a)", "a]", "\xfc", "a\r\nb", "*", "{3}"])
    expect(isStorableFlag(flag)).toBe(false);
});

import { chmod, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { appendMessage } from "../../src/upstream/imap/commands/append.ts";
import { fetchChanges } from "../../src/upstream/imap/commands/changes.ts";
import { createFolder } from "../../src/upstream/imap/commands/create.ts";
import { deleteFolder } from "../../src/upstream/imap/commands/delete.ts";
import { enable } from "../../src/upstream/imap/commands/enable.ts";
import { fetchFlags } from "../../src/upstream/imap/commands/fetch-flags.ts";
import { listFolders } from "../../src/upstream/imap/commands/list.ts";
import { listUids } from "../../src/upstream/imap/commands/list-uids.ts";
import { logOut } from "../../src/upstream/imap/commands/logout.ts";
import { copyMessages, moveMessages } from "../../src/upstream/imap/commands/move.ts";
import { renameFolder } from "../../src/upstream/imap/commands/rename.ts";
import { openFolder } from "../../src/upstream/imap/commands/select.ts";
import { folderStatus } from "../../src/upstream/imap/commands/status.ts";
import { storeFlags } from "../../src/upstream/imap/commands/store-flags.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { ANNA, upstreamUnderTest } from "./upstream-under-test.ts";

const { annas, dovecot } = upstreamUnderTest();

async function* once(octets: Buffer): AsyncGenerator<Buffer> {
  yield octets;
}

/** A connection that has the new folder open, with so many messages in it. */
async function filled(name: string, count: number): Promise<ImapConnection> {
  const connection = await annas();
  await createFolder(connection, name);
  await fill(connection, name, count);
  await openFolder(connection, name, "select");
  return connection;
}

async function fill(connection: ImapConnection, name: string, count: number): Promise<void> {
  const body = Buffer.from("Subject: hi\r\n\r\nhello\r\n");
  const date = "17-Jul-1996 09:44:25 +0000";
  const handles = Array.from({ length: count }, () =>
    appendMessage(connection, name, {
      flags: [],
      internalDate: date,
      size: body.length,
      body: once(body),
    }),
  );
  for (const handle of handles) expect((await handle.done).kind).toBe("stored");
}

/** Leaves the messages where they are, under names that do not tell their sizes, and nobody may read them. */
async function makeUnreadable(folder: string): Promise<void> {
  for (const part of ["cur", "new"])
    for (const file of await readdir(join(folder, part))) {
      const nameless = join(folder, part, file.replace(/,S=\d+,W=\d+/, ""));
      await rename(join(folder, part, file), nameless);
      await chmod(nameless, 0);
    }
  for (const file of await readdir(folder))
    if (file.startsWith("dovecot.index.cache")) await rm(join(folder, file));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("folders and their status", () => {
  test("come in one command, as asked one by one", async () => {
    const connection = await filled("Listed", 2);
    await createFolder(connection, "Entw&APw-rfe");
    const folders = await listFolders(connection, { status: true });
    expect(folders.map((folder) => folder.name)).toEqual(
      expect.arrayContaining(["INBOX", "Listed", "Entw&APw-rfe"]),
    );
    for (const folder of folders) expect(folder.status).toEqual(await folderStatus(connection, folder.name));
    const listed = folders.find((folder) => folder.name === "Listed");
    expect(listed?.status).toMatchObject({ messages: 2, uidNext: 3, size: 44 });
    expect(listed?.status?.highestModSeq).toMatch(/^[0-9]+$/);
  });

  test("a folder whose size cannot be added up costs the others nothing", async () => {
    const filler = await filled("Damaged", 2);
    await logOut(filler);
    await makeUnreadable(join(dovecot().folder, "mail", ANNA, "mail", ".Damaged"));
    const connection = await annas();
    const folders = await listFolders(connection, { status: true });
    const statusOf = (name: string) => folders.find((folder) => folder.name === name)?.status;
    expect(statusOf("INBOX")).toMatchObject({ uidNext: 1, size: 0 });
    expect(statusOf("Damaged")).toBeNull();
    expect(await folderStatus(connection, "Damaged")).toMatchObject({ messages: 2, size: null });
  });

  test("folders are renamed with those below them, and deleted", async () => {
    const connection = await annas();
    for (const name of ["Old", "Old.below", "Other"]) await createFolder(connection, name);
    await renameFolder(connection, "Old", 'New "x"');
    const names = (await listFolders(connection)).map((folder) => folder.name);
    expect(names).toEqual(expect.arrayContaining(['New "x"', 'New "x".below']));
    expect(names).not.toContain("Old");
    await expect(renameFolder(connection, "Other", 'New "x"')).rejects.toMatchObject({
      code: "ALREADYEXISTS",
    });
    expect(await deleteFolder(connection, "Other")).toBe("deleted");
    expect(await deleteFolder(connection, "Other")).toBe("gone");
  });
});

describe("changes", () => {
  test("since a mod-sequence are new messages, flags and what vanished", async () => {
    const connection = await annas();
    expect([...(await enable(connection, ["QRESYNC"]))]).toEqual(["QRESYNC", "CONDSTORE"]);
    await createFolder(connection, "Changing");
    await fill(connection, "Changing", 6);
    const { highestModSeq } = await folderStatus(connection, "Changing");
    const sinceModSeq = String(highestModSeq);
    const other = await annas();
    await openFolder(other, "Changing", "select");
    await storeFlags(other, "2", "+", ["\\Flagged", "$Work"]);
    await createFolder(other, "Elsewhere");
    await moveMessages(other, "3:4", "Elsewhere");
    await fill(other, "Changing", 1);
    await openFolder(connection, "Changing", "examine");
    const changes = await all(fetchChanges(connection, { sinceModSeq }));
    expect(changes).toHaveLength(3);
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: "vanished", from: 3, to: 4 },
        { kind: "flags", uid: 2, flags: ["\\Flagged", "$Work"] },
        { kind: "flags", uid: 7, flags: [] },
      ]),
    );
    const now = String((await folderStatus(connection, "Changing")).highestModSeq);
    expect(await all(fetchChanges(connection, { sinceModSeq: now }))).toEqual([]);
    const without = await annas();
    await openFolder(without, "Changing", "examine");
    expect(await all(fetchChanges(without, { sinceModSeq, uidSet: "1:6" }))).toEqual([
      { kind: "flags", uid: 2, flags: ["\\Flagged", "$Work"] },
    ]);
  });

  test("flags and UIDs of a folder with holes are found by every way", async () => {
    const connection = await filled("Holes", 6);
    await createFolder(connection, "Taken");
    await moveMessages(connection, "2,5", "Taken");
    const ranges = [
      { from: 1, to: 1 },
      { from: 3, to: 4 },
      { from: 6, to: 6 },
    ];
    expect(await listUids(connection, "1:*")).toEqual(ranges);
    expect(await listUids(connection, "2:5")).toEqual([{ from: 3, to: 4 }]);
    expect((await all(fetchFlags(connection, "1:*"))).map(({ uid }) => uid)).toEqual([1, 3, 4, 6]);
    connection.setCapabilities("IMAP4REV1");
    expect(await listUids(connection, "1:*")).toEqual(ranges);
  });
});

describe("messages", () => {
  test("are moved and copied, and the server says where they went", async () => {
    const connection = await filled("From", 4);
    await createFolder(connection, "To");
    const copied = await copyMessages(connection, "2,99", "To");
    expect(copied?.uids).toEqual(new Map([[2, 1]]));
    const moved = await moveMessages(connection, "3:4,77", "To");
    expect(moved).toMatchObject({ kind: "moved", copied: { uidValidity: copied?.uidValidity } });
    expect(moved.kind === "moved" && moved.copied?.uids).toEqual(
      new Map([
        [3, 2],
        [4, 3],
      ]),
    );
    expect(await moveMessages(connection, "99", "To")).toEqual({ kind: "moved", copied: null });
    await expect(moveMessages(connection, "1", "No such")).rejects.toMatchObject({ code: "TRYCREATE" });
    expect(await listUids(connection, "1:*")).toEqual([{ from: 1, to: 2 }]);
  });

  test("without MOVE are moved alone: others that are marked as deleted stay", async () => {
    const connection = await filled("Marked", 3);
    await createFolder(connection, "Rest");
    await storeFlags(connection, "1:2", "+", ["\\Deleted"]);
    connection.setCapabilities("IMAP4REV1 UIDPLUS");
    const moved = await moveMessages(connection, "2:3", "Rest");
    expect(moved).toMatchObject({
      kind: "moved",
      copied: {
        uids: new Map([
          [2, 1],
          [3, 2],
        ]),
      },
    });
    expect(await moveMessages(connection, "99", "Rest")).toEqual({ kind: "moved", copied: null });
    expect(await listUids(connection, "1:*")).toEqual([{ from: 1, to: 1 }]);
    await openFolder(connection, "Rest", "examine");
    expect(await all(fetchFlags(connection, "1:*"))).toEqual([
      { uid: 1, flags: ["\\Deleted"] },
      { uid: 2, flags: [] },
    ]);
  });
});

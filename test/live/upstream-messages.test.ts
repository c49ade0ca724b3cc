import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { appendMessage } from "../../src/upstream/imap/commands/append.ts";
import { createFolder } from "../../src/upstream/imap/commands/create.ts";
import { fetchBodies } from "../../src/upstream/imap/commands/fetch-bodies.ts";
import { fetchMetadata } from "../../src/upstream/imap/commands/fetch-metadata.ts";
import { noop } from "../../src/upstream/imap/commands/noop.ts";
import { searchUids } from "../../src/upstream/imap/commands/search.ts";
import { openFolder } from "../../src/upstream/imap/commands/select.ts";
import { folderStatus } from "../../src/upstream/imap/commands/status.ts";
import { storeFlags } from "../../src/upstream/imap/commands/store-flags.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { upstreamUnderTest } from "./upstream-under-test.ts";

const { annas } = upstreamUnderTest();

async function* pieces(octets: Buffer, pieceSize = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += pieceSize) yield octets.subarray(at, at + pieceSize);
}

function message(octets: Buffer, flags: string[] = []) {
  return { flags, internalDate: "17-Jul-1996 09:44:25 +0000", size: octets.length, body: pieces(octets) };
}

function sha(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("messages", () => {
  const small = Buffer.from("Message-ID: <a@b>\r\nSubject: hi\r\n\r\n* 1 FETCH (UID 7 BODY[] {3}\r\n)\r\n");
  const large = Buffer.concat([
    Buffer.from("Subject: large\r\n\r\n"),
    Buffer.from(randomBytes(3_000_000).toString("base64")),
    Buffer.from("\r\n"),
  ]);
  const longLine = Buffer.from(`Subject: line\r\n\r\n${"x".repeat(100_000)}\r\n`);
  const empty = Buffer.alloc(0);
  const bodies = [small, large, longLine, small];

  async function filled(name: string): Promise<ImapConnection> {
    const connection = await annas();
    await createFolder(connection, name);
    const handles = bodies.map((body) =>
      appendMessage(connection, name, message(body, ["\\Seen", "$Label1", "\\Recent", "bad flag"])),
    );
    const results = await Promise.all(handles.map((handle) => handle.done));
    expect(results.map((result) => result.kind === "stored" && result.uid)).toEqual([1, 2, 3, 4]);
    return connection;
  }

  test("many are appended in flight and come back octet for octet, with flags and date", async () => {
    const connection = await filled("Flight");
    const opened = await openFolder(connection, "Flight", "examine");
    expect(opened).toMatchObject({ exists: 4, uidNext: 5, readOnly: true });
    const hashes = new Map<number, string>();
    const result = await fetchBodies(connection, [4, 1, 2, 3], async ({ uid, size, body }) => {
      const hash = createHash("sha256");
      let octets = 0;
      for await (const piece of body) {
        hash.update(piece);
        octets += piece.length;
      }
      expect(octets).toBe(size);
      hashes.set(uid, hash.digest("hex"));
    });
    expect(result).toEqual({ delivered: [1, 2, 3, 4], refusal: null });
    expect([...hashes.values()]).toEqual(bodies.map(sha));
    const seen = await all(fetchMetadata(connection, "1:*", { messageId: true }));
    expect(seen[0]).toEqual({
      uid: 1,
      flags: ["\\Seen", "$Label1"],
      internalDate: "17-Jul-1996 09:44:25 +0000",
      size: small.length,
      messageId: "<a@b>",
    });
    expect(seen[1]).toMatchObject({ uid: 2, messageId: null, size: large.length });
  });

  test("synchronizing literals do the same where nothing better is offered", async () => {
    const connection = await annas();
    connection.setCapabilities("IMAP4REV1 UIDPLUS");
    await createFolder(connection, "Sync");
    const handles = bodies.map((body) => appendMessage(connection, "Sync", message(body)));
    expect(await Promise.all(handles.map((handle) => handle.done))).toMatchObject(
      bodies.map((_, i) => ({ kind: "stored", uid: i + 1 })),
    );
  });

  test("an append to a folder that is not there is refused and the next one goes through", async () => {
    for (const capabilities of ["IMAP4REV1", "IMAP4REV1 LITERAL+"]) {
      const connection = await annas();
      connection.setCapabilities(capabilities);
      const refused = appendMessage(connection, "Nowhere", message(large));
      const stored = appendMessage(connection, "INBOX", message(small));
      await refused.sent;
      expect(await refused.done).toMatchObject({ kind: "refused", code: "TRYCREATE" });
      expect(await stored.done).toMatchObject({ kind: "stored" });
    }
  });

  test("a consumer that stops early, or takes nothing, loses only its own message", async () => {
    const connection = await filled("Early");
    await openFolder(connection, "Early", "examine");
    const sizes: number[] = [];
    const { delivered } = await fetchBodies(connection, [1, 2, 3, 4], async ({ uid, size, body }) => {
      sizes.push(size);
      if (uid !== 2) return;
      for await (const piece of body) if (piece.length > 0) break;
    });
    expect(delivered).toEqual([1, 2, 3, 4]);
    expect(sizes).toEqual(bodies.map((body) => body.length));
    for await (const seen of fetchMetadata(connection, "1:*")) if (seen.uid === 2) break;
    await noop(connection);
  });

  test("a consumer that fails closes the connection and passes its error on", async () => {
    const connection = await filled("Fails");
    await openFolder(connection, "Fails", "examine");
    const fault = new Error("the target is full");
    await expect(fetchBodies(connection, [2, 3], () => Promise.reject(fault))).rejects.toBe(fault);
    await connection.closed;
  });

  test("a body that breaks off is never stored, and both promises say why", async () => {
    const connection = await annas();
    const fault = new Error("the source is gone");
    async function* broken(): AsyncGenerator<Buffer> {
      yield small;
      throw fault;
    }
    const handle = appendMessage(connection, "INBOX", { ...message(large), body: broken() });
    await expect(handle.sent).rejects.toMatchObject({ cause: fault });
    await expect(handle.done).rejects.toMatchObject({ cause: fault });
    const other = await annas();
    const before = await folderStatus(other, "INBOX");
    expect(before.uidNext).toBe((before.messages ?? 0) + 1);
  });

  test("flags change by difference, searches find, an empty message keeps its place", async () => {
    const connection = await filled("Flags");
    await openFolder(connection, "Flags", "select");
    await storeFlags(connection, "1:2", "+", ["\\Flagged", "$Work"]);
    await storeFlags(connection, "1", "-", ["\\Seen"]);
    expect(await searchUids(connection, "UNSEEN")).toEqual([1]);
    expect(await searchUids(connection, "KEYWORD $Work")).toEqual([1, 2]);
    const stored = await appendMessage(connection, "Flags", message(empty)).done;
    // Dovecot takes an empty literal for "no message"; others store it.
    expect(["stored", "refused"]).toContain(stored.kind);
  });
});

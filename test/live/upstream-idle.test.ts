import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { appendMessage } from "../../src/upstream/imap/commands/append.ts";
import { compressed } from "../../src/upstream/imap/commands/compress.ts";
import { createFolder } from "../../src/upstream/imap/commands/create.ts";
import { enable } from "../../src/upstream/imap/commands/enable.ts";
import { fetchBodies } from "../../src/upstream/imap/commands/fetch-bodies.ts";
import { type IdleNews, idle } from "../../src/upstream/imap/commands/idle.ts";
import { logOut } from "../../src/upstream/imap/commands/logout.ts";
import { moveMessages } from "../../src/upstream/imap/commands/move.ts";
import { openFolder } from "../../src/upstream/imap/commands/select.ts";
import { storeFlags } from "../../src/upstream/imap/commands/store-flags.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { roundTripMs } from "../../src/upstream/imap/connection/round-trip.ts";
import { waitFor } from "../kit/wait-for.ts";
import { upstreamUnderTest } from "./upstream-under-test.ts";

const { annas } = upstreamUnderTest({ compress: true });

async function* pieces(octets: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += 10_000) yield octets.subarray(at, at + 10_000);
}

async function store(connection: ImapConnection, name: string, body: Buffer): Promise<void> {
  const internalDate = "17-Jul-1996 09:44:25 +0000";
  const message = { flags: [], internalDate, size: body.length, body: pieces(body) };
  expect((await appendMessage(connection, name, message).done).kind).toBe("stored");
}

/** Listens until it is told to leave, keeping what it hears. */
function listening(connection: ImapConnection) {
  const leave = new AbortController();
  const heard: IdleNews[] = [];
  const over = (async () => {
    for await (const news of idle(connection, { signal: leave.signal })) heard.push(news);
  })();
  over.catch(() => undefined);
  return { leave, heard, over };
}

const SMALL = Buffer.from("Subject: hi\r\n\r\nhello\r\n");

describe("listening", () => {
  test("hears within moments what others do, and the connection goes on afterwards", async () => {
    const connection = await annas();
    await enable(connection, ["QRESYNC"]);
    for (const name of ["Heard", "Away"]) await createFolder(connection, name);
    await openFolder(connection, "Heard", "examine");
    const { leave, heard, over } = listening(connection);
    const other = await annas();
    await store(other, "Heard", SMALL);
    await waitFor(() => heard.some((news) => news.kind === "exists" && news.count === 1), "EXISTS");
    await openFolder(other, "Heard", "select");
    await storeFlags(other, "1", "+", ["\\Seen"]);
    await waitFor(() => heard.some((news) => news.kind === "flags" && news.uid === 1), "FETCH");
    await moveMessages(other, "1", "Away");
    await waitFor(() => heard.some((news) => news.kind === "vanished"), "VANISHED");
    leave.abort();
    await over;
    expect(heard.find((news) => news.kind === "vanished")).toEqual({ kind: "vanished", uidSet: "1" });
    expect(await openFolder(connection, "Away", "examine")).toMatchObject({ exists: 1 });
  });

  test("ends by itself after its limit", async () => {
    const connection = await annas();
    await openFolder(connection, "INBOX", "examine");
    for await (const _ of idle(connection, { signal: new AbortController().signal, limitMs: 50 })) continue;
    expect(await roundTripMs(connection)).toBeLessThan(1_000);
  });
});

describe("compression", () => {
  test("carries every octet both ways, with several commands under way", async () => {
    const plain = await annas();
    const connection = await compressed(plain);
    expect(connection).not.toBe(plain);
    expect(connection.has("UIDPLUS")).toBe(true);
    await createFolder(connection, "Pressed");
    const bodies = [
      SMALL,
      Buffer.from(`Subject: b\r\n\r\n${randomBytes(3_000_000).toString("base64")}\r\n`),
      Buffer.from(`Subject: t\r\n\r\n${"the same again and again\r\n".repeat(200_000)}`),
      SMALL,
    ];
    await Promise.all(bodies.map((body) => store(connection, "Pressed", body)));
    const other = await annas();
    for (const reader of [connection, other]) {
      await openFolder(reader, "Pressed", "examine");
      const came: Buffer[] = [];
      await fetchBodies(reader, [1, 2, 3, 4], async ({ body }) => {
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(chunk);
        came.push(Buffer.concat(chunks));
      });
      expect(came.map((body, i) => body.equals(bodies[i] as Buffer))).toEqual([true, true, true, true]);
    }
    expect(await compressed(connection)).toBe(connection);
    await logOut(connection);
    await connection.closed;
  });

  test("and IDLE go together", async () => {
    const connection = await compressed(await annas());
    await createFolder(connection, "Both");
    await openFolder(connection, "Both", "examine");
    const other = await annas();
    const { leave, heard, over } = listening(connection);
    await store(other, "Both", SMALL);
    await waitFor(() => heard.some((news) => news.kind === "exists"), "EXISTS");
    leave.abort();
    await over;
    expect(await roundTripMs(connection)).toBeGreaterThan(0);
  });

  test("of a connection that breaks is an unreachable server", async () => {
    const connection = await compressed(await annas());
    await openFolder(connection, "INBOX", "examine");
    const { over } = listening(connection);
    connection.close();
    await expect(over).rejects.toMatchObject({ kind: "source-unreachable" });
    await connection.closed;
  });
});

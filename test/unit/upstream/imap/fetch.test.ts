import { describe, expect, test } from "vitest";
import { fetchBodies } from "../../../../src/upstream/imap/commands/fetch-bodies.ts";
import {
  fetchMetadata,
  type MessageMetadata,
} from "../../../../src/upstream/imap/commands/fetch-metadata.ts";
import { noop } from "../../../../src/upstream/imap/commands/noop.ts";
import { type Scripted, scriptedConnection, textOfBody } from "../scripted-connection.ts";

const LARGE = "x".repeat(100_000);
const DATE = '"17-Jul-1996 02:44:25 -0700"';

async function collect(script: Scripted, options?: { messageId: boolean }): Promise<MessageMetadata[]> {
  const seen: MessageMetadata[] = [];
  for await (const message of fetchMetadata(script.connection, "1:*", options)) seen.push(message);
  return seen;
}

/** Fetches and gives `uid: text` for each delivery. */
async function bodies(script: Scripted, uids: number[]) {
  const texts: string[] = [];
  const result = await fetchBodies(script.connection, uids, async ({ uid, size, body }) => {
    const text = await textOfBody(body);
    expect(text).toHaveLength(size);
    texts.push(`${uid}: ${text === LARGE ? "large" : text}`);
  });
  return { texts, ...result };
}

describe("metadata", () => {
  test("is matched by UID, put together where it comes in halves, and not taken from other news", async () => {
    const script = scriptedConnection();
    const seen = collect(script, { messageId: true });
    expect(await script.line()).toBe(
      "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])",
    );
    script.say(
      `* 2 FETCH (UID 8 FLAGS (\\Seen \\Recent $a) RFC822.SIZE 9)`,
      "* 3 FETCH (FLAGS (\\Deleted))",
      `* 1 FETCH (INTERNALDATE ${DATE} UID 7 FLAGS () RFC822.SIZE 5 BODY[HEADER.FIELDS (MESSAGE-ID)] {23}`,
      "Message-ID:\r\n <a@b>\r\n\r\n)",
      "* 9 EXPUNGE",
      `* 2 FETCH (UID 8 INTERNALDATE ${DATE} BODY[HEADER.FIELDS ("MESSAGE-ID")] {2}`,
      "\r\n)",
      "% OK",
    );
    expect(await seen).toEqual([
      { uid: 7, flags: [], internalDate: DATE.slice(1, -1), size: 5, messageId: "<a@b>" },
      { uid: 8, flags: ["\\Seen", "$a"], internalDate: DATE.slice(1, -1), size: 9, messageId: null },
    ]);
  });

  test("survives a header field of any size", async () => {
    const script = scriptedConnection();
    const seen = collect(script, { messageId: true });
    await script.line();
    script.say(
      `* 1 FETCH (UID 7 FLAGS () RFC822.SIZE 5 INTERNALDATE ${DATE} BODY[HEADER.FIELDS (MESSAGE-ID)] {100000}`,
      `${LARGE})`,
      "% OK",
    );
    expect(await seen).toMatchObject([{ uid: 7, messageId: null }]);
  });

  test("is not disturbed by thousands of messages whose flags somebody changes meanwhile", async () => {
    const script = scriptedConnection();
    const seen = collect(script);
    await script.line();
    const message = (uid: number) =>
      `* ${uid} FETCH (UID ${uid} FLAGS () RFC822.SIZE 5 INTERNALDATE ${DATE})`;
    const news = Array.from(
      { length: 9_000 },
      (_, i) => `* ${i + 1} FETCH (UID ${i + 1} MODSEQ (9) FLAGS (\\Seen))`,
    );
    script.say(message(1), message(2), ...news, message(9_001), "% OK");
    expect((await seen).map(({ uid }) => uid)).toEqual([1, 2, 9_001]);
  });

  test("that the server does not give whole is an error, but for what was expunged meanwhile", async () => {
    const script = scriptedConnection();
    const refused = collect(script);
    await script.line();
    script.say(`* 1 FETCH (UID 7 FLAGS () RFC822.SIZE 5 INTERNALDATE ${DATE})`, "% NO cannot read some");
    await expect(refused).rejects.toMatchObject({ name: "CommandRefusedError" });
    const expunged = collect(script);
    await script.line();
    script.say("% NO [EXPUNGEISSUED] some are gone");
    expect(await expunged).toEqual([]);
  });

  test("makes the server wait while the consumer is busy", async () => {
    const script = scriptedConnection();
    const messages = fetchMetadata(script.connection, "1:*")[Symbol.asyncIterator]();
    const first = messages.next();
    await script.line();
    const lines = Array.from(
      { length: 5_000 },
      (_, i) => `* ${i + 1} FETCH (UID ${i + 1} FLAGS () RFC822.SIZE 5 INTERNALDATE ${DATE})`,
    );
    script.say(...lines);
    expect((await first).value).toMatchObject({ uid: 1 });
    expect(script.server.writableNeedDrain).toBe(true);
    let last = 0;
    script.say("% OK");
    for (let next = await messages.next(); !next.done; next = await messages.next()) last = next.value.uid;
    expect(last).toBe(5_000);
  });
});

describe("bodies", () => {
  test("come in the server's order, large and small, quoted, NIL and empty", async () => {
    const script = scriptedConnection();
    const got = bodies(script, [9, 5, 6, 7, 8]);
    expect(await script.line()).toBe("UID FETCH 5:9 (UID BODY.PEEK[])");
    script.say(
      "* 2 FETCH (UID 6 BODY[] {100000}",
      `${LARGE} FLAGS (\\Seen))`,
      '* 1 FETCH (BODY[] "a \\"b\\"" UID 5)',
      "* 3 FETCH (UID 7 BODY[] NIL)",
      "* 4 FETCH (UID 8 BODY[] {0}",
      ")",
      "* 4 FETCH (UID 8 FLAGS ())",
      "* 7 FETCH (UID 44 BODY[] {100000}",
      `${LARGE})`,
      "* 7 FETCH (UID 44 BODY[] {1}",
      "x)",
      "% OK",
    );
    expect(await got).toEqual({
      texts: ["6: large", '5: a "b"', "7: ", "8: "],
      delivered: [6, 5, 7, 8],
      refusal: null,
    });
  });

  test("whose UID comes too late are asked for one by one", async () => {
    const script = scriptedConnection();
    const got = bodies(script, [5, 6]);
    await script.line();
    script.say("* 1 FETCH (BODY[] {100000}", `${LARGE} UID 5)`, "* 2 FETCH (BODY[] {1}", "x UID 6)", "% OK");
    expect(await script.line()).toBe("UID FETCH 5 (UID BODY.PEEK[])");
    script.say("* 1 FETCH (BODY[] {100000}", `${LARGE} UID 5)`, "% OK");
    expect(await got).toMatchObject({ texts: ["6: x", "5: large"], delivered: [6, 5] });
  });

  test("are left to the command that asked for them while a listing is under way too", async () => {
    const script = scriptedConnection();
    const listed = collect(script);
    const got = bodies(script, [7]);
    await script.line();
    script.say(
      "* 1 FETCH (UID 7 BODY[] {5}",
      "seven)",
      `* 1 FETCH (UID 7 FLAGS () INTERNALDATE ${DATE} RFC822.SIZE 5)`,
      "% OK",
    );
    await script.line();
    script.say("% OK");
    expect(await got).toMatchObject({ texts: ["7: seven"], delivered: [7] });
    expect(await listed).toHaveLength(1);
  });

  test("that the server could not read are missing, with its words", async () => {
    const script = scriptedConnection();
    const got = bodies(script, [5, 6]);
    await script.line();
    script.say("* 1 FETCH (UID 5 BODY[] {1}", "x)", "% NO [SERVERGONE] cannot read");
    expect(await got).toEqual({ texts: ["5: x"], delivered: [5], refusal: '"[SERVERGONE] cannot read"' });
  });

  test("break off when the connection does, and nothing counts as delivered", async () => {
    const script = scriptedConnection();
    const got = bodies(script, [5]);
    await script.line();
    script.say("* 1 FETCH (UID 5 BODY[] {100000}", "half");
    script.server.end();
    await expect(got).rejects.toMatchObject({ kind: "source-unreachable" });
  });

  test("make the server wait while the consumer is busy, and the connection goes on afterwards", async () => {
    const script = scriptedConnection();
    const busy = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    const got = fetchBodies(script.connection, [5], async ({ body }) => {
      for await (const piece of body) {
        taken.resolve();
        if (piece.length > 0) await busy.promise;
      }
    });
    await script.line();
    const size = 4 << 20;
    script.say(`* 1 FETCH (UID 5 BODY[] {${size}}`);
    let accepted = 0;
    while (accepted < size && script.server.write(Buffer.alloc(1 << 16))) {
      accepted += 1 << 16;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await taken.promise;
    expect(accepted).toBeLessThan(1 << 20);
    busy.resolve();
    script.server.write(Buffer.alloc(size - accepted - (1 << 16)));
    script.say(")", "% OK");
    expect(await got).toEqual({ delivered: [5], refusal: null });
    const alive = noop(script.connection);
    await script.line();
    script.say("% OK");
    await alive;
  });
});

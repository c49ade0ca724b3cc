import { type Duplex, duplexPair } from "node:stream";
import { setImmediate } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { deflateStream } from "../../src/net/deflate-stream.ts";
import { readUidRanges, uidRangesOf } from "../../src/upstream/imap/uid-range.ts";
import { uidSetOf } from "../../src/upstream/imap/uid-set.ts";

/** Octets that compress well, and those that do not, in pieces that are written together or one after the other. */
const piece = fc.record({
  octets: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 0, max: 300_000 }).map((length) => Buffer.alloc(length, "mail ")),
  ),
  together: fc.boolean(),
});
const pieces = fc.array(piece, { maxLength: 12 });

async function write(stream: Duplex, said: readonly { octets: Uint8Array; together: boolean }[]) {
  for (const { octets, together } of said) {
    if (together) stream.cork();
    const goOn = stream.write(octets);
    if (together) await setImmediate();
    if (together) stream.uncork();
    if (!goOn && stream.writableNeedDrain) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
}

async function read(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // The plain loop would destroy the stream at its end, although its other direction goes on.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("whatever two ends of a compressed stream say to one another arrives, octet for octet", async () => {
  await fc.assert(
    fc.asyncProperty(pieces, pieces, fc.uint8Array({ maxLength: 20 }), async (ours, theirs, early) => {
      const [a, b] = duplexPair();
      const server = deflateStream(b, Buffer.alloc(0));
      server.write(early);
      // What has come before the stream is made is its leftover.
      await setImmediate();
      const leftover = (a.read() as Buffer | null) ?? Buffer.alloc(0);
      const client = deflateStream(a, leftover);
      const [, , atServer, atClient] = await Promise.all([
        write(client, ours),
        write(server, theirs),
        read(server),
        read(client),
      ]);
      const all = (said: typeof ours) => Buffer.concat(said.map(({ octets }) => octets));
      expect(atServer.equals(all(ours))).toBe(true);
      expect(atClient.equals(Buffer.concat([early, all(theirs)]))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a set of UIDs that is written and read is the same set", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (found) => {
      const uids = found.toSorted((a, b) => a - b);
      const ranges = [...readUidRanges(uidSetOf(uids))];
      expect(ranges).toEqual(uidRangesOf(uids));
      expect(
        ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
      ).toEqual(uids);
    }),
  );
});

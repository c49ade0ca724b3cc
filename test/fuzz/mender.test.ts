import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Mender } from "../../src/upstream/message/mender.ts";
import { Surveyor } from "../../src/upstream/message/survey.ts";

/** What makes trouble, in every order. */
const part = fc.oneof(
  fc.constantFrom("\r", "\n", "\r\n", "\0", "From ", "From a@b Thu Jan 1 00:00:00 1998", "\r\r\r\r\r", "F"),
  fc.string({ maxLength: 12 }),
  fc.integer({ min: 900, max: 1_100 }).map((length) => "x".repeat(length)),
);
const message = fc.array(part, { maxLength: 25 }).map((parts) => Buffer.from(parts.join(""), "latin1"));
const cuts = fc.array(fc.nat(4_000), { maxLength: 12 });

function chunksOf(octets: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  return edges.slice(1).map((end, index) => octets.subarray(edges[index], end));
}

function mended(chunks: readonly Buffer[]): Buffer {
  const mender = new Mender();
  // Copies: what is given out may share memory with a chunk.
  const pieces = chunks.map((chunk) => Buffer.from(mender.push(chunk)));
  return Buffer.concat([...pieces, mender.finish()]);
}

test("how a message is cut into chunks makes no difference to its mending", () => {
  fc.assert(
    fc.property(message, cuts, (octets, at) => {
      expect(mended(chunksOf(octets, at))).toEqual(mended([octets]));
    }),
    { numRuns: 1_000 },
  );
});

test("what is mended has no NUL, no bare line end and a last line end, and is not changed again", () => {
  fc.assert(
    fc.property(message, (octets) => {
      const once = mended([octets]);
      expect(once.toString("latin1")).toMatch(/^(?:[^\0\r\n]*\r\n)*$/);
      expect(mended([once])).toEqual(once);
    }),
    { numRuns: 1_000 },
  );
});

test("a survey foretells the mended size and whether anything changes", () => {
  fc.assert(
    fc.property(message, cuts, (octets, at) => {
      const surveyor = new Surveyor();
      for (const chunk of chunksOf(octets, at)) surveyor.push(chunk);
      const { size, mendedSize, isMendable } = surveyor.finish();
      const result = mended([octets]);
      expect({ size, mendedSize, isMendable }).toEqual({
        size: octets.length,
        mendedSize: result.length,
        isMendable: !result.equals(octets),
      });
    }),
    { numRuns: 1_000 },
  );
});

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ContentDigest } from "../../../../src/upstream/imap/content-digest.ts";

test("counts the octets and hashes them as they are", () => {
  const finished = digestOf("ab\r\n", "c\0");
  expect(finished).toMatchObject({ uid: 7, octets: 6 });
  expect(finished.exact).toBe(createHash("sha256").update("ab\r\nc\0").digest("hex"));
});

test("finds equal, after mending, only what a server had to change", () => {
  const mended = (text: string) => digestOf(text).mended;
  expect(mended("a\nb\n")).toBe(mended("a\r\nb\r\n"));
  expect(mended("a\r\r\nb")).toBe(mended("a\r\nb"));
  expect(mended("a\0b")).toBe(digestOf(Buffer.from([0x61, 0x80, 0x62])).mended);
  expect(mended("a\r\n")).not.toBe(mended("a"));
});

function digestOf(...chunks: (string | Buffer)[]) {
  const digest = new ContentDigest();
  for (const chunk of chunks) digest.update(Buffer.from(chunk as string));
  return digest.finish(7);
}

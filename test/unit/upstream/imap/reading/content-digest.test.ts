import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ContentDigest } from "../../../../../src/upstream/imap/reading/content-digest.ts";

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

test("finds equal what the copier has mended and what it was before", () => {
  const remedied = (text: string) => digestOf(text).remedied;
  const sound = "Subject: x\r\n\r\na\r\nb\r\n";
  expect(remedied("From a@b Thu Jan  1 00:00:00 1998\nSubject: x\r\ra\0\nb")).toBe(remedied(sound));
  expect(remedied(sound)).toBe(digestOf(sound).exact);
  expect(remedied("a\r\nc\r\n")).not.toBe(remedied("a\r\nb\r\n"));
});

function digestOf(...chunks: (string | Buffer)[]) {
  const digest = new ContentDigest();
  for (const chunk of chunks) digest.update(Buffer.from(chunk as string));
  return digest.finish(7);
}

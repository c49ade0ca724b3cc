import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readPasswordLine } from "../../../src/cli/password-line.ts";

test.each([
  ["a line", ["geheim\n"], "geheim"],
  ["a line of Windows", ["geheim\r\n"], "geheim"],
  ["a text without a line end", ["geheim"], "geheim"],
  ["the first of several lines", ["geheim\nmore\n"], "geheim"],
  ["a line in pieces", ["ge", "he", "im\n"], "geheim"],
  ["spaces at both ends", [" ge heim \n"], " ge heim "],
])("takes %s", async (_what, chunks, password) => {
  expect((await readPasswordLine(stream(chunks))).reveal().toString()).toBe(password);
});

test("keeps octets that are no UTF-8", async () => {
  const octets = Buffer.from([0x70, 0xe8, 0xff, 0x21]);
  const password = await readPasswordLine(Readable.from([Buffer.concat([octets, Buffer.from("\n")])]));
  expect(password.reveal()).toEqual(octets);
});

test.each([
  ["an empty line", "\nsecret\n"],
  ["nothing", ""],
  ["more than a kilobyte", "x".repeat(2000)],
])("refuses %s as wrong usage", async (_what, text) => {
  await expect(readPasswordLine(stream([text]))).rejects.toMatchObject({ code: "usage", exitStatus: 2 });
});

test("does not wait on when it is interrupted", async () => {
  const interruption = new AbortController();
  const silent = new Readable({ read: () => undefined });
  const reading = readPasswordLine(silent, interruption.signal);
  interruption.abort();
  await expect(reading).rejects.toMatchObject({ name: "AbortError" });
});

test("a terminal would show the password, so it is not asked for there", async () => {
  const terminal = Object.assign(new Readable({ read: () => undefined }), { isTTY: true });
  await expect(readPasswordLine(terminal)).rejects.toMatchObject({ code: "usage", exitStatus: 2 });
});

function stream(chunks: readonly string[]): Readable {
  return Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
}

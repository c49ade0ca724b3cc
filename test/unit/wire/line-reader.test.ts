import { expect, test } from "vitest";
import { LineReader } from "../../../src/wire/line-reader.ts";

function reading(text: string, lineOctets = 20): LineReader {
  const reader = new LineReader(lineOctets);
  reader.push(Buffer.from(text, "latin1"));
  return reader;
}

test("lines end in CRLF or LF, and what is not complete waits", () => {
  const reader = reading("one\r\ntwo\nthr");
  expect(reader.next()).toEqual({ kind: "line", line: Buffer.from("one") });
  expect(reader.next()).toEqual({ kind: "line", line: Buffer.from("two") });
  expect(reader.next()).toBeUndefined();
  expect(reader.unread).toBe(3);
});

test("only the one line after a challenge is an answer, whatever it looks like", () => {
  const reader = reading("\x16\r\nthen\r\n");
  reader.expectResponse();
  expect(reader.next()).toEqual({ kind: "response", line: Buffer.from("\x16") });
  expect(reader.next()).toEqual({ kind: "line", line: Buffer.from("then") });
});

test("a line may be as long as the bound, and its end may come later", () => {
  const reader = reading(`${"x".repeat(20)}\r`);
  expect(reader.next()).toBeUndefined();
  reader.push(Buffer.from("\n"));
  expect(reader.next()).toEqual({ kind: "line", line: Buffer.alloc(20, "x") });
});

test.each([["x".repeat(22)], [`${"x".repeat(21)}\r\n`]])(
  "%j is too long, and nothing is read behind it",
  (text) => {
    const reader = reading(text);
    expect(reader.next()).toEqual({ kind: "oversize" });
    reader.push(Buffer.from("QUIT\r\n"));
    expect(reader.next()).toBeUndefined();
  },
);

test.each([
  ["\x16\x03", "tls"],
  ["GET / HTTP/1.1\r\nQUIT\r\n", "http"],
])("%j is another protocol, and nothing is read behind it", (text, protocol) => {
  const reader = reading(text, 100);
  expect(reader.next()).toEqual({ kind: "foreign", protocol });
  expect(reader.next()).toBeUndefined();
});

test("what came behind the last line is given away as it came", () => {
  const reader = reading("PASS x\r\nST\0AT");
  reader.next();
  expect(reader.takeRest()).toEqual(Buffer.from("ST\0AT"));
});

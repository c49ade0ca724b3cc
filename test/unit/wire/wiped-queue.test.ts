import { expect, test } from "vitest";
import { WipedQueue } from "../../../src/wire/wiped-queue.ts";

const lineOf = (queue: WipedQueue) => queue.takeLine()?.toString("latin1");

test("lines come out without their line end, CRLF or LF", () => {
  const queue = new WipedQueue();
  queue.push(Buffer.from("one\r\ntwo\n\r\n\nrest"));
  expect([lineOf(queue), lineOf(queue), lineOf(queue), lineOf(queue), lineOf(queue)]).toEqual([
    "one",
    "two",
    "",
    "",
    undefined,
  ]);
  expect(queue.length).toBe(4);
});

test("a line may come in any pieces, and its end later than its text", () => {
  const queue = new WipedQueue();
  for (const piece of ["ab", "", "c\r", "\n", "d"]) queue.push(Buffer.from(piece));
  expect(lineOf(queue)).toBe("abc");
  expect(lineOf(queue)).toBeUndefined();
  queue.push(Buffer.from("\n"));
  expect(lineOf(queue)).toBe("d");
});

test("what is pushed is overwritten where it was", () => {
  const chunk = Buffer.from("a LOGIN mario secret\r\n");
  new WipedQueue().push(chunk);
  expect(chunk.every((octet) => octet === 0)).toBe(true);
});

test("octets survive growing beyond the first buffer, behind others that were taken", () => {
  const queue = new WipedQueue();
  queue.push(Buffer.from("taken"));
  queue.take(5);
  const long = "x".repeat(3_000);
  queue.push(Buffer.from(long));
  queue.push(Buffer.from("\n"));
  expect(lineOf(queue)).toBe(long);
  expect(queue.length).toBe(0);
  expect(queue.first).toBeUndefined();
});

import { expect, test } from "vitest";
import { LongLineError, linesOf, readAnswer, readQuestion, WHO } from "../../../src/process/control-lines.ts";
import { session } from "./sessions.ts";

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

async function lines(longest: number, ...texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of linesOf(pieces(...texts), longest)) found.push(line);
  return found;
}

test("lines come whole however they were cut, and half a line at the end does not count", async () => {
  expect(await lines(10, "one\ntw", "o", "\n", "\nthr")).toEqual(["one", "two", ""]);
});

test("a line above its bound breaks off, whether its end has come or not", async () => {
  await expect(lines(3, "four\n")).rejects.toThrow(LongLineError);
  await expect(lines(3, "fo", "ur")).rejects.toThrow(LongLineError);
  expect(await lines(4, "four\n", "five\n")).toEqual(["four", "five"]);
});

test("questions and answers are read, and anything else is none", () => {
  const question = { does: "list", filter: { domain: "x.test" } } as const;
  expect(readQuestion(JSON.stringify(question))).toEqual(question);
  expect(["", "{", "[]", "null", '{"does":"list"}'].map(readQuestion)).toEqual(Array(5).fill(null));

  const answers = [{ sessions: [session("a")] }, { end: true, silent: 0 }, { error: "no" }] as const;
  expect(answers.map((answer) => readAnswer(JSON.stringify(answer)))).toEqual(answers);
  const none = ["", "7", '{"end":true}', '{"error":1}', '{"sessions":[{}]}', "{}"];
  expect(none.map(readAnswer)).toEqual(Array(6).fill(null));
});

test("who answers is a process id, and nothing else that is called so", () => {
  expect(readAnswer('{"pid":4711}')).toEqual({ pid: 4711 });
  expect(readAnswer('{"pid":"4711"}')).toBeNull();
  // It is no question about sessions: a version that does not know it refuses it, and is told of without a number.
  expect(readQuestion(WHO)).toBeNull();
});

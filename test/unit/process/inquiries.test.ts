import { expect, test } from "vitest";
import { Inquiries } from "../../../src/process/inquiries.ts";
import type { Question, ToProcess } from "../../../src/process/messages.ts";
import { session } from "./sessions.ts";

const QUESTION: Question = { does: "list", filter: {} };
const NEVER_MS = 60_000;

class Asked {
  readonly heard: ToProcess[] = [];

  send(message: ToProcess): void {
    this.heard.push(message);
  }
}

function asking(processes: readonly Asked[], limitMs = NEVER_MS) {
  const inquiries = new Inquiries<Asked>();
  const ids: string[] = [];
  const silent = inquiries.ask(processes, QUESTION, (told) => ids.push(...told.map(({ id }) => id)), limitMs);
  return { inquiries, ids, silent };
}

test("parts of answers are passed on until everybody has said the last one", async () => {
  const [one, two] = [new Asked(), new Asked()];
  const { inquiries, ids, silent } = asking([one, two]);
  expect(one.heard).toEqual([{ kind: "ask", id: 1, question: QUESTION }]);
  inquiries.take(one, 1, [session("a")], false);
  inquiries.take(two, 1, [session("b")], true);
  inquiries.take(two, 1, [session("too late")], true);
  inquiries.take(one, 1, [session("c")], true);
  expect(await silent).toBe(0);
  expect(ids).toEqual(["a", "b", "c"]);
});

test("a process that ends is not waited for", async () => {
  const [one, two] = [new Asked(), new Asked()];
  const { inquiries, silent } = asking([one, two]);
  inquiries.gone(one);
  inquiries.take(two, 1, [], true);
  expect(await silent).toBe(0);
});

test("one that does not answer in time is counted, and what it says afterwards is dropped", async () => {
  const [one, two] = [new Asked(), new Asked()];
  const { inquiries, ids, silent } = asking([one, two], 0);
  inquiries.take(one, 1, [], true);
  expect(await silent).toBe(1);
  inquiries.take(two, 1, [session("a")], true);
  expect(ids).toEqual([]);
});

test("nobody to ask is an answer too", async () => {
  expect(await asking([]).silent).toBe(0);
});

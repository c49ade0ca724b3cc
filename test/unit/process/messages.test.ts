import { expect, test } from "vitest";
import {
  readToProcess,
  readToSupervisor,
  type ToProcess,
  type ToSupervisor,
} from "../../../src/process/messages.ts";
import { session } from "./sessions.ts";

const TO_PROCESS: ToProcess[] = [
  {
    kind: "work",
    job: "proxy",
    number: 1,
    proxies: 2,
    configuration: "f",
    written: { roles: [] },
    isFresh: true,
  },
  { kind: "work", job: "copier", number: 1, proxies: 2, configuration: "f", written: {}, isFresh: false },
  { kind: "plan", configuration: "f" },
  { kind: "stop", handedOver: true },
  { kind: "opened", accounts: [["anna@x.test", 2]] },
  { kind: "crew", ready: { proxy: true } },
  { kind: "ping" },
  { kind: "ask", id: 1, question: { does: "kick", filter: { id: "a" } } },
];
const plan = {
  configuration: "f",
  proxies: 2,
  copiers: 1,
  admins: 0,
  drainMs: 1,
  dataDir: "d",
  logLevel: "info",
  written: {},
};
const TO_SUPERVISOR: ToSupervisor[] = [
  { kind: "hello", version: 1 },
  { kind: "planned", plan },
  { kind: "ready" },
  { kind: "pong" },
  { kind: "failed", code: "listen", message: "m", hint: null, exitStatus: 1 },
  { kind: "closed", account: "anna@x.test" },
  { kind: "reloaded", logLevel: "info" },
  { kind: "answer", id: 1, sessions: [session("a"), session("b", null)], last: true },
];

test("messages pass as they are", () => {
  expect(TO_PROCESS.map(readToProcess)).toEqual(TO_PROCESS);
  expect(TO_SUPERVISOR.map(readToSupervisor)).toEqual(TO_SUPERVISOR);
});

test.each([
  ["nothing", null],
  ["no object", "stop"],
  ["an unknown kind", { kind: "shout" }],
  ["a job that nobody does", { ...TO_PROCESS[0], job: "cook" }],
  ["half a number", { ...TO_PROCESS[0], number: 0.5 }],
  ["a count below nothing", { kind: "opened", accounts: [["anna@x.test", -1]] }],
  ["too many accounts", { kind: "opened", accounts: Array.from({ length: 501 }, () => ["anna@x.test", 1]) }],
  ["an unknown question", { kind: "ask", id: 1, question: { does: "sing", filter: {} } }],
  ["an unknown filter", { kind: "ask", id: 1, question: { does: "list", filter: { colour: "red" } } }],
  ["a filter that is no text", { kind: "ask", id: 1, question: { does: "list", filter: { id: 1 } } }],
])("a process does not take %s", (_what, value) => {
  expect(readToProcess(value)).toBeNull();
});

test.each([
  ["a list", []],
  ["an account of any length", { kind: "opened", account: "a".repeat(321) }],
  ["a plan with half of it", { kind: "planned", plan: { ...plan, dataDir: undefined } }],
  [
    "a session of no protocol",
    { kind: "answer", id: 1, sessions: [{ ...session("a"), protocol: "nntp" }], last: true },
  ],
  ["a complaint without words", { kind: "failed", code: "x", hint: null, exitStatus: 1 }],
  ["too many sessions", { kind: "answer", id: 1, sessions: Array(101).fill(session("a")), last: true }],
])("a supervisor does not take %s", (_what, value) => {
  expect(readToSupervisor(value)).toBeNull();
});

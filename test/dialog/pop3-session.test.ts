import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Login } from "../../src/login/login.ts";
import { Failure } from "../../src/model/failure.ts";
import type { ListenerPolicy } from "../../src/session/session.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { startScriptServer } from "../kit/script-server.ts";
import { grantTo, makeTlsPair, type Stage, setStage, type TlsPair } from "./stage.ts";

const CLEAR: ListenerPolicy = { protocol: "pop3", tls: "none", plaintextLogin: "always" };

let tls: TlsPair;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of opened.splice(0)) await close();
});

async function stageOf(login: Login): Promise<Stage> {
  const stage = await setStage(CLEAR, tls, login);
  opened.unshift(() => stage.close());
  return stage;
}

const nobody: Login = () => Promise.reject(new Failure("wrong-password", "nobody may log in here"));

/** The clock that sessions wait by stands still from now on; sockets go on. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

test("a client that does not log in within a minute is told so", async () => {
  const stage = await stageOf(nobody);
  stopTheClock();
  const client = await stage.connect();
  await client.line();
  vi.advanceTimersByTime(LIMITS.loginMs - 1);
  client.send("USER mario");
  expect(await client.line()).toBe("+OK Send the password");
  vi.advanceTimersByTime(1);
  expect(await client.rest()).toBe("-ERR Too long without a login\r\n");
});

test("one client too many of a network is turned away for a time", async () => {
  const stage = await stageOf(nobody);
  const clients = await Promise.all(Array.from({ length: LIMITS.preLoginPerNetwork }, () => stage.connect()));
  await Promise.all(clients.map((client) => client.line()));
  const oneTooMany = await stage.connect();
  expect(await oneTooMany.rest()).toBe("-ERR [SYS/TEMP] Too many connections, try again later\r\n");
});

test("shutting down closes without a word, which would be taken for an answer", async () => {
  const server = await startScriptServer(async (peer) => {
    for (let line = await peer.line(); line !== null; line = await peer.line()) peer.send(`+OK ${line}`);
  });
  opened.push(() => server.close());
  const stage = await stageOf((request) =>
    grantTo(request, server.port, { capability: null, leftover: "", skip: 0 }),
  );
  const [before, inside] = [await stage.connect(), await stage.connect()];
  await before.line();
  inside.send("USER mario", "PASS secret", "STAT");
  for (const answer of [/imbarco ready$/, /^\+OK Send/, /^\+OK Logged in$/, /^\+OK STAT$/])
    expect(await inside.line()).toMatch(answer);
  stopTheClock();
  const drained = stage.registry.drain(30_000);
  expect(await before.rest()).toBe("");
  before.end();
  inside.send("NOOP");
  expect(await inside.line()).toBe("+OK NOOP");
  vi.advanceTimersByTime(30_000);
  expect(await inside.rest()).toBe("");
  await drained;
});

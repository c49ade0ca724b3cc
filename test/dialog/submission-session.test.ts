import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Login } from "../../src/login/login.ts";
import { Failure } from "../../src/model/failure.ts";
import type { ListenerPolicy } from "../../src/session/session.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { type ScriptPeer, type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { grantTo, makeTlsPair, type Stage, setStage, type TlsPair } from "./stage.ts";

const CLEAR: ListenerPolicy = { protocol: "submission", tls: "none", plaintextLogin: "always" };
const IMPLICIT: ListenerPolicy = { protocol: "submission", tls: "implicit", plaintextLogin: "never" };
const CREDENTIALS = "AG1hcmlvAHNlY3JldA==";

let tls: TlsPair;
/** What a test opened, the last first. */
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of opened.splice(0)) await close();
});

async function stageOf(listener: ListenerPolicy, login: Login): Promise<Stage> {
  const stage = await setStage(listener, tls, login, ["PIPELINING"]);
  opened.unshift(() => stage.close());
  return stage;
}

async function serverOf(script: (peer: ScriptPeer) => Promise<void>): Promise<ScriptServer> {
  const server = await startScriptServer(script);
  opened.push(() => server.close());
  return server;
}

const nobody: Login = () => Promise.reject(new Failure("wrong-password", "nobody may log in here"));

/** The clock that sessions wait by stands still from now on; sockets go on. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

/** Sends lines and gives as many answers, each its last line. */
async function say(client: ScriptPeer, ...lines: string[]): Promise<(string | null)[]> {
  client.send(...lines);
  const heard: (string | null)[] = [];
  while (heard.length < lines.length) {
    const line = await client.line();
    if (line?.[3] !== "-") heard.push(line);
  }
  return heard;
}

test("a client that does not log in hears 421 after a minute in clear, also in the middle of an exchange", async () => {
  const stage = await stageOf(CLEAR, nobody);
  stopTheClock();
  const [idle, asked] = [await stage.connect(), await stage.connect()];
  await Promise.all([idle.line(), asked.line()]);
  expect(await say(asked, "EHLO pc.test", "AUTH LOGIN")).toEqual([
    "250 AUTH PLAIN LOGIN",
    "334 VXNlcm5hbWU6",
  ]);
  vi.advanceTimersByTime(LIMITS.loginMs - 1);
  expect(await say(idle, "NOOP")).toEqual(["250 2.0.0 OK"]);
  vi.advanceTimersByTime(1);
  for (const client of [idle, asked])
    expect(await client.rest()).toBe("421 4.4.2 Too long without a login\r\n");
});

test("a client inside TLS that sends mail without a login has lost its patience of three minutes", async () => {
  const stage = await stageOf(IMPLICIT, nobody);
  stopTheClock();
  const [polite, rude] = [await stage.connect(), await stage.connect()];
  await Promise.all([polite.line(), rude.line()]);
  expect(await say(rude, "MAIL FROM:<>")).toEqual(["530 5.7.0 Authentication required"]);
  vi.advanceTimersByTime(LIMITS.loginMs);
  expect(await rude.rest()).toMatch(/^421 4\.4\.2 /);
  expect(await say(polite, "RSET")).toEqual(["250 2.0.0 OK"]);
});

test("one client too many of a network hears 421", async () => {
  const stage = await stageOf(CLEAR, nobody);
  const clients = await Promise.all(Array.from({ length: LIMITS.preLoginPerNetwork }, () => stage.connect()));
  await Promise.all(clients.map((client) => client.line()));
  const oneTooMany = await stage.connect();
  expect(await oneTooMany.rest()).toBe("421 4.7.0 Too many connections, try again later\r\n");
});

test("shutting down says 421 to those before the login at once, to the others when the time is over, but not within a line", async () => {
  const server = await serverOf(async (peer) => {
    for (let line = await peer.line(); line !== null; line = await peer.line())
      if (line === "half") peer.sendRaw("250-ha");
      else peer.send(`250 ${line}`);
    peer.end();
  });
  const stage = await stageOf(CLEAR, (request) =>
    grantTo(request, server.port, { capability: null, leftover: "", skip: 0 }),
  );
  const logIn = async () => {
    const client = await stage.connect();
    await client.line();
    expect((await say(client, "EHLO pc.test", `AUTH PLAIN ${CREDENTIALS}`))[1]).toBe("235 2.7.0 Logged in");
    return client;
  };
  const [before, after, inside] = [await stage.connect(), await logIn(), await logIn()];
  await before.line();
  inside.send("half");
  expect((await inside.octets(6))?.toString()).toBe("250-ha");
  stopTheClock();
  const drained = stage.registry.drain(30_000);
  const bye = "421 4.3.2 The server is shutting down, connect again\r\n";
  expect(await before.rest()).toBe(bye);
  expect(await say(after, "NOOP")).toEqual(["250 NOOP"]);
  vi.advanceTimersByTime(30_000);
  before.end();
  expect(await after.rest()).toBe(bye);
  expect(await inside.rest()).toBe("");
  await drained;
});

test("the login hears the name that the client gave itself last, and which protocol it is", async () => {
  const asked: unknown[] = [];
  const stage = await stageOf(CLEAR, (request) => {
    asked.push([request.protocol, request.hello]);
    return Promise.reject(new Failure("wrong-password", "nobody may log in here"));
  });
  const client = await stage.connect();
  await client.line();
  const auth = `AUTH PLAIN ${CREDENTIALS}`;
  await say(client, "EHLO one.test", auth, "EHLO [192.0.2.1]", "RSET", auth);
  expect(asked).toEqual([
    ["submission", "one.test"],
    ["submission", "[192.0.2.1]"],
  ]);
});

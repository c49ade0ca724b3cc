import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Secret } from "../../src/kit/secret.ts";
import type { Login, LoginGrant } from "../../src/login/login.ts";
import { Failure } from "../../src/model/failure.ts";
import type { ListenerPolicy } from "../../src/session/session.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { type ScriptPeer, type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { waitFor } from "../kit/wait-for.ts";
import { grantTo, makeTlsPair, type Stage, secure, setStage, type TlsPair } from "./stage.ts";

const CLEAR: ListenerPolicy = { protocol: "imap", tls: "none", plaintextLogin: "always" };
const STARTTLS: ListenerPolicy = { protocol: "imap", tls: "starttls", plaintextLogin: "never" };
const IMPLICIT: ListenerPolicy = { protocol: "imap", tls: "implicit", plaintextLogin: "never" };

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
  const stage = await setStage(listener, tls, login);
  opened.unshift(() => stage.close());
  return stage;
}

async function serverOf(script: (peer: ScriptPeer) => Promise<void>): Promise<ScriptServer> {
  const server = await startScriptServer(script);
  opened.push(() => server.close());
  return server;
}

const nobody: Login = () => Promise.reject(new Failure("wrong-password", "nobody may log in here"));
const granting =
  (port: number): Login =>
  (request) =>
    grantTo(request, port, { capability: null, leftover: "", skip: 0 });

/** The clock that sessions wait by stands still from now on; sockets go on. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

const capability = (peer: ScriptPeer) => {
  peer.send("x NOOP");
  return peer.line();
};

describe("time before login", () => {
  test("is a minute in clear", async () => {
    const stage = await stageOf(CLEAR, nobody);
    stopTheClock();
    const client = await stage.connect();
    await client.line();
    vi.advanceTimersByTime(LIMITS.loginMs - 1);
    expect(await capability(client)).toBe("x OK Nothing new");
    vi.advanceTimersByTime(1);
    expect(await client.rest()).toBe("* BYE Too long without a login\r\n");
  });

  test("is three minutes inside TLS, but one for a client that made a mistake", async () => {
    const stage = await stageOf(IMPLICIT, nobody);
    stopTheClock();
    const [polite, rude] = [await stage.connect(), await stage.connect()];
    await Promise.all([polite.line(), rude.line()]);
    rude.send("a FOO");
    expect(await rude.line()).toContain("a BAD");
    vi.advanceTimersByTime(LIMITS.loginMs);
    expect(await rude.rest()).toContain("* BYE");
    expect(await capability(polite)).toBe("x OK Nothing new");
    vi.advanceTimersByTime(LIMITS.politeLoginMs - LIMITS.loginMs);
    expect(await polite.rest()).toContain("* BYE");
  });
});

test("a client that does not fetch its answers is not read any further, and loses nothing", async () => {
  const stage = await stageOf(CLEAR, nobody);
  const client = await stage.connect();
  await client.line();
  client.socket.pause();
  const tag = "x".repeat(8_000);
  const commands = 2_000;
  client.socket.write(`${tag} NOOP\r\n`.repeat(commands));
  client.end();
  await waitFor(() => stage.accepted[0]?.isPaused(), "the session to stop reading");
  expect(stage.accepted[0]?.writableLength).toBeLessThan(100_000);
  client.socket.resume();
  const answers = `${tag} OK Nothing new\r\n`.repeat(commands);
  expect((await client.rest()) === answers).toBe(true);
});

describe("a login under way", () => {
  test("is given up when the client breaks off, and a grant that comes later is closed", async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const late = Promise.withResolvers<LoginGrant>();
    const stage = await stageOf(CLEAR, (_request, signal) => {
      asked.resolve(signal);
      return late.promise;
    });
    const client = await stage.connect();
    client.send("a LOGIN mario secret");
    const signal = await asked.promise;
    client.socket.resetAndDestroy();
    await waitFor(() => signal.aborted, "the login to hear of it");
    await waitFor(() => stage.registry.count === 0, "the session to end");
    const close = vi.fn<() => void>();
    late.resolve({ account: "mario", domain: "test", capability: null, target: { close } as never });
    await vi.waitFor(() => expect(close).toHaveBeenCalledTimes(1));
  });

  test("keeps its password until it ends, and not longer", async () => {
    const asked = Promise.withResolvers<Secret>();
    const decided = Promise.withResolvers<never>();
    const stage = await stageOf(CLEAR, (request) => {
      asked.resolve(request.password);
      return decided.promise;
    });
    const client = await stage.connect();
    await client.line();
    client.send("a LOGIN mario secret");
    const password = await asked.promise;
    client.send("b NOOP");
    expect(password.reveal().toString()).toBe("secret");
    decided.reject(new Failure("source-unreachable", "the source does not answer"));
    expect(await client.line()).toContain("a NO [UNAVAILABLE]");
    expect(await client.line()).toContain("b OK");
    expect(password.reveal().every((octet) => octet === 0)).toBe(true);
  });

  test("ends with UNAVAILABLE when the target is lost before the client could be joined to it", async () => {
    const detach = () => {
      throw new Failure("target-unreachable", "the target closed the connection");
    };
    const target = { detach, close: () => {} } as never;
    const stage = await stageOf(CLEAR, () =>
      Promise.resolve({ account: "mario", domain: "test", capability: null, target }),
    );
    const client = await stage.connect();
    await client.line();
    client.send("a LOGIN mario secret", "b NOOP");
    expect(await client.line()).toContain("a NO [UNAVAILABLE]");
    expect(await client.line()).toContain("b OK");
  });

  test("that fails by a fault of ours is UNAVAILABLE and logged as one", async () => {
    const stage = await stageOf(CLEAR, () => Promise.reject(new TypeError("x is not a function")));
    const client = await stage.connect();
    await client.line();
    client.send("a LOGIN mario secret");
    expect(await client.line()).toContain("a NO [UNAVAILABLE]");
    expect(stage.log()).toContain("x is not a function");
  });
});

describe("many clients", () => {
  test("of one network wait for one another's logins, beyond a bound they are turned away", async () => {
    const stage = await stageOf(CLEAR, nobody);
    const clients = await Promise.all(
      Array.from({ length: LIMITS.preLoginPerNetwork }, () => stage.connect()),
    );
    await Promise.all(clients.map((client) => client.line()));
    const oneTooMany = await stage.connect();
    expect(await oneTooMany.rest()).toBe("* BYE [UNAVAILABLE] Too many connections, try again later\r\n");
    clients[0]?.send("a LOGOUT");
    await clients[0]?.rest();
    clients[0]?.end();
    await waitFor(() => stage.registry.count < LIMITS.preLoginPerNetwork, "the first client to leave");
    expect(await (await stage.connect()).line()).toContain("* OK");
  });

  test("change to TLS at the same moment and are all served", async () => {
    const server = await serverOf(async (peer) => {
      for (let line = await peer.line(); line !== null; line = await peer.line()) peer.send(`${line} done`);
      peer.end();
    });
    const stage = await stageOf(STARTTLS, granting(server.port));
    const session = async (name: string) => {
      const plain = await stage.connect();
      await plain.line();
      plain.send("a STARTTLS");
      await plain.line();
      const client = await secure(plain.detach().socket, tls);
      client.send(`b LOGIN ${name} secret`, `c ${name}`);
      const heard = [await client.line(), await client.line()];
      client.end();
      return [...heard, await client.rest()];
    };
    const names = Array.from({ length: 60 }, (_, index) => `user${index}`);
    const heard = await Promise.all(names.map(session));
    expect(heard).toEqual(names.map((name) => ["b OK Logged in", `c ${name} done`, ""]));
    await waitFor(() => stage.registry.count === 0, "all sessions to end");
  });
});

describe("shutting down", () => {
  const talking = async () => {
    const server = await serverOf(async (peer) => {
      for (let line = await peer.line(); line !== null; line = await peer.line())
        if (line === "half") peer.sendRaw("* 1 FETCH (BODY[] {10}\r\nab");
        else peer.send(`${line} done`);
      peer.end();
    });
    const stage = await stageOf(CLEAR, granting(server.port));
    const logIn = async () => {
      const client = await stage.connect();
      client.send("a LOGIN mario secret");
      await client.line();
      await client.line();
      return client;
    };
    return { stage, logIn };
  };

  test("says goodbye at once to those who have not logged in, and ends the others when the time is over, without a word that might stand in their mail", async () => {
    const { stage, logIn } = await talking();
    const [before, after, inside] = [await stage.connect(), await logIn(), await logIn()];
    await before.line();
    inside.send("half");
    expect(await inside.line()).toContain("{10}");
    expect((await inside.octets(2))?.toString()).toBe("ab");
    stopTheClock();
    const drained = stage.registry.drain(30_000);
    expect(await before.rest()).toBe("* BYE [UNAVAILABLE] The server is shutting down, connect again\r\n");
    after.send("b");
    expect(await after.line()).toBe("b done");
    vi.advanceTimersByTime(30_000);
    before.end();
    expect(await after.rest()).toBe("");
    expect(await inside.rest()).toBe("");
    await drained;
    expect(stage.log()).toContain('"reason":"shutdown"');
  });

  test("does not wait where nobody is left", async () => {
    const { stage, logIn } = await talking();
    const client = await logIn();
    const drained = stage.registry.drain(3_600_000);
    client.end();
    expect(await client.rest()).toBe("");
    await drained;
    const late = await stage.connect();
    expect(await late.rest()).toContain("* BYE [UNAVAILABLE]");
  });
});

describe("the relay", () => {
  const SIZE = 30_000_000;
  const digest = (octets: Buffer) => createHash("sha256").update(octets).digest("hex");

  test.each([
    ["in clear", CLEAR],
    ["inside TLS", IMPLICIT],
  ])("passes 30 MB both ways at once without changing an octet (%s)", async (_how, listener) => {
    const up = randomBytes(SIZE);
    const down = randomBytes(SIZE);
    const received = Promise.withResolvers<string>();
    const server = await serverOf(async (peer) => {
      peer.socket.write(down);
      const octets = await peer.octets(SIZE);
      received.resolve(digest(octets ?? Buffer.alloc(0)));
      peer.end();
    });
    const stage = await stageOf(listener, granting(server.port));
    const client = await stage.connect();
    client.send("a LOGIN mario secret");
    await client.line();
    expect(await client.line()).toBe("a OK Logged in");
    client.socket.write(up);
    const heard = await client.octets(SIZE);
    expect(heard && digest(heard)).toBe(digest(down));
    expect(await received.promise).toBe(digest(up));
    client.end();
    await waitFor(() => stage.registry.count === 0, "the session to end");
    expect(stage.log()).toContain(`"toTarget":${SIZE},"toClient":${SIZE}`);
  });
});

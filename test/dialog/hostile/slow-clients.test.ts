import { once } from "node:events";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Failure } from "../../../src/model/failure.ts";
import { parseNetwork } from "../../../src/model/ip.ts";
import { PROTOCOLS, type ProtocolName } from "../../../src/model/protocol.ts";
import { LIMITS } from "../../../src/wire/limits.ts";
import { ScriptPeer } from "../../kit/script-server.ts";
import { waitFor } from "../../kit/wait-for.ts";
import { isAlertAtMost, makeTlsPair, type Stage, secure, setStage, type TlsPair } from "../stage.ts";

/* Clients that are slow, that do not read, and that are many. */

/** A command that never comes to its end, octet by octet. */
const UNENDED: Readonly<Record<ProtocolName, string>> = {
  imap: 'a LOGIN "mario" {900+}\r\nsec',
  pop3: "USER mario\r\nPASS sec",
  submission: "EHLO pc.test\r\nAUTH PLAIN AG1hc",
  sieve: 'AUTHENTICATE "PLAIN" {90+}\r\nAG1hc',
};
/** What asks for TLS, and what costs nothing. */
const STARTTLS: Readonly<Record<ProtocolName, string>> = {
  imap: "a STARTTLS",
  pop3: "STLS",
  submission: "STARTTLS",
  sieve: "STARTTLS",
};
const NOOP: Readonly<Record<ProtocolName, string>> = {
  imap: "a NOOP",
  pop3: "CAPA",
  submission: "NOOP",
  sieve: "NOOP",
};
/** What is said once for each of these, and not in a greeting. */
const ANSWER: Readonly<Record<ProtocolName, RegExp>> = {
  imap: /^a OK/gm,
  pop3: /^\.\r$/gm,
  submission: /^250 /gm,
  sieve: /^OK "(?!.*imbarco)/gm,
};
/** The beginning of a TLS handshake of 512 octets. */
const HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

let tls: TlsPair;
let stage: Stage | null = null;

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  vi.useRealTimers();
  await stage?.close();
  stage = null;
});

async function open(protocol: ProtocolName, mode: "starttls" | "implicit"): Promise<Stage> {
  stage = await setStage({ protocol, tls: mode, plaintextLogin: "always" }, tls, () =>
    Promise.reject(new Failure("wrong-password", "nobody may log in here")),
  );
  return stage;
}

/** The clock that sessions wait by stands still from now on; sockets go on. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

/** Until the session has read all that was sent to it: octets say nothing of their arrival. */
async function arrived(from: Stage, octets: number): Promise<void> {
  await waitFor(() => (from.accepted[0]?.bytesRead ?? 0) >= octets, "the octets to arrive");
}

describe.each(PROTOCOLS)("a door of %s", (protocol) => {
  test.each(["in clear", "inside TLS"] as const)(
    "gives no more time to octets that trickle (%s)",
    async (how) => {
      const isClear = how === "in clear";
      const limitMs = isClear ? LIMITS.loginMs : LIMITS.politeLoginMs;
      const client = await openedBy(protocol, isClear);
      const stepMs = Math.floor(limitMs / (UNENDED[protocol].length + 1));
      let readBefore = stage?.accepted[0]?.bytesRead ?? 0;
      for (const letter of UNENDED[protocol]) {
        client.sendRaw(letter);
        await arrived(stage as Stage, readBefore + 1);
        readBefore = stage?.accepted[0]?.bytesRead ?? 0;
        vi.advanceTimersByTime(stepMs);
      }
      expect(stage?.registry.count).toBe(1);
      vi.advanceTimersByTime(2 * stepMs);
      await client.rest();
      client.end();
      await waitFor(() => stage?.registry.count === 0, "the session to end");
      expect(stage?.log()).toContain('"reason":"idle before login"');
    },
  );

  test("gives up a handshake that does not come to its end, first or behind STARTTLS", async () => {
    for (const mode of ["implicit", "starttls"] as const) {
      const opened = await open(protocol, mode);
      stopTheClock();
      const client = new ScriptPeer(await opened.knock());
      if (mode === "starttls") {
        client.send(STARTTLS[protocol]);
        while (!/begin|ready to start|go ahead/i.test((await client.line()) ?? "begin")) continue;
      }
      await waitFor(() => opened.registry.count === 1, "the session to begin");
      const before = opened.accepted[0]?.bytesRead ?? 0;
      for (const [at, letter] of HELLO.split("").entries()) {
        client.sendRaw(letter);
        await arrived(opened, before + at + 1);
        vi.advanceTimersByTime(Math.floor(LIMITS.handshakeMs / HELLO.length));
      }
      vi.advanceTimersByTime(LIMITS.handshakeMs);
      expect(isAlertAtMost(await client.rest())).toBe(true);
      vi.useRealTimers();
      client.end();
      await waitFor(() => opened.registry.count === 0, "the session to end");
      expect(opened.log()).toContain('"reason":"TLS failed"');
      await opened.close();
    }
  });

  test("leaves a client that never reads when its time is over, and holds little for it until then", async () => {
    const opened = await open(protocol, "starttls");
    stopTheClock();
    const socket = await opened.knock();
    socket.pause();
    socket.write(`${NOOP[protocol]}\r\n`.repeat(LIMITS.commands - 1));
    await waitFor(() => (opened.accepted[0]?.bytesRead ?? 0) > 0, "the flood to arrive");
    expect(opened.accepted[0]?.writableLength).toBeLessThan(200_000);
    vi.advanceTimersByTime(LIMITS.loginMs);
    await waitFor(() => opened.accepted[0]?.writableEnded, "the last words");
    expect(opened.registry.count).toBe(1);
    vi.advanceTimersByTime(LIMITS.lingerMs);
    await waitFor(() => opened.registry.count === 0, "the session to end");
  });

  test("hears so many commands of a client and no more, however right they are", async () => {
    const opened = await open(protocol, "starttls");
    const client = new ScriptPeer(await opened.knock());
    client.sendRaw(`${NOOP[protocol]}\r\n`.repeat(LIMITS.commands + 50));
    const answers = await client.rest();
    expect(answers).toContain("Too long without a login");
    expect(answers.match(ANSWER[protocol])).toHaveLength(LIMITS.commands);
    client.end();
    await waitFor(() => opened.registry.count === 0, "the session to end");
    expect(opened.log()).toContain('"reason":"too many commands"');
  });

  test("takes so many of one network before their login, and somebody of another one still gets in", async () => {
    const opened = await open(protocol, "implicit");
    const crowd = await Promise.all(Array.from({ length: LIMITS.preLoginPerNetwork }, () => opened.knock()));
    await waitFor(() => opened.registry.count === crowd.length, "the crowd to be let in");
    const late = await Promise.all(Array.from({ length: 50 }, () => opened.knock()));
    await Promise.all(late.map((socket) => once(socket.resume(), "end")));
    expect(opened.registry.count).toBe(crowd.length);
    const other = await secure(await opened.knock("127.0.0.2"), tls, protocol);
    expect(await other.line()).toMatch(/imbarco/);
  });
});

describe("where every place before login is taken", () => {
  const crowded = { perNetwork: 30, total: 40 };
  const nobody = () => Promise.reject(new Failure("wrong-password", "nobody may log in here"));

  test.each(["none", "implicit"] as const)(
    "who comes from elsewhere gets in, and one of the crowd loses its own (%s)",
    async (mode) => {
      const listener = { protocol: "imap", tls: mode, plaintextLogin: "always" } as const;
      const opened = await setStage(listener, tls, nobody, [], crowded);
      stage = opened;
      const from = (address: string, count: number) =>
        Promise.all(Array.from({ length: count }, () => opened.knock(address)));
      const [crowd, few] = [await from("127.0.0.1", 30), await from("127.0.0.3", 10)];
      await waitFor(() => opened.registry.count === 40, "all places to be taken");
      const gone = (sockets: readonly Socket[]) =>
        sockets.filter((socket) => socket.destroyed || socket.readableEnded);
      for (const socket of [...crowd, ...few]) socket.resume().on("error", () => undefined);
      const socket = await opened.knock("127.0.0.2");
      const other = mode === "none" ? new ScriptPeer(socket) : await secure(socket, tls);
      expect(await other.line()).toMatch(/^\* OK/);
      await waitFor(() => gone(crowd).length === 1, "one of the crowd to lose its place");
      expect(gone(few)).toEqual([]);
      await waitFor(() => opened.log().includes('"reason":"crowded"'), "its session to end");
      expect(opened.registry.count).toBe(40);
    },
  );

  test("who is turned away and does not fetch the words costs no more than a bounded number of them does", async () => {
    const listener = { protocol: "imap", tls: "none", plaintextLogin: "always" } as const;
    const opened = await setStage(listener, tls, nobody, [], { perNetwork: 1, total: 40 });
    stage = opened;
    stopTheClock();
    const first = new ScriptPeer(await opened.knock());
    await first.line();
    const away = await Promise.all(Array.from({ length: LIMITS.turnedAway + 50 }, () => opened.knock()));
    // Those that hear why stay until they close or the time for that is over; the others are closed at once.
    const heard = await Promise.all(away.map((socket) => text(socket)));
    expect(heard.filter((words) => words.startsWith("* BYE"))).toHaveLength(LIMITS.turnedAway);
    expect(heard.filter((words) => words === "")).toHaveLength(50);
    vi.advanceTimersByTime(LIMITS.lingerMs);
    await waitFor(
      () => opened.accepted.every((socket, at) => at === 0 || socket.destroyed),
      "all to be closed",
    );
  });
});

test("a line with IPv6 is one network, whichever of its addresses somebody comes from", async () => {
  const balancers = [parseNetwork("127.0.0.0/8")].flatMap((network) => network ?? []);
  const listener = {
    protocol: "imap",
    tls: "none",
    plaintextLogin: "always",
    proxyProtocol: balancers,
  } as const;
  const opened = await setStage(listener, tls, () => Promise.reject(new Failure("wrong-password", "nobody")));
  stage = opened;
  const knockAs = async (address: string) => {
    const client = new ScriptPeer(await opened.knock());
    client.send(`PROXY TCP6 ${address} 2001:db8::143 50000 143`);
    return client.line();
  };
  const addresses = Array.from({ length: LIMITS.preLoginPerNetwork }, (_, at) => `2001:db8:1:2:${at}::1`);
  const greetings = await Promise.all(addresses.map(knockAs));
  expect(greetings.filter((line) => !line?.startsWith("* OK"))).toEqual([]);
  expect(await knockAs("2001:db8:1:2:ffff:ffff:ffff:ffff")).toMatch(
    /^\* BYE \[UNAVAILABLE\] Too many connections/,
  );
  expect(await knockAs("2001:db8:1:3::1")).toMatch(/^\* OK/);
});

async function openedBy(protocol: ProtocolName, isClear: boolean): Promise<ScriptPeer> {
  const opened = await open(protocol, isClear ? "starttls" : "implicit");
  stopTheClock();
  const socket = await opened.knock();
  return isClear ? new ScriptPeer(socket) : secure(socket, tls, protocol);
}

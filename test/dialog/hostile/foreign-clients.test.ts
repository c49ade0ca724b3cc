import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../../src/model/failure.ts";
import { PROTOCOLS, type ProtocolName } from "../../../src/model/protocol.ts";
import { LIMITS } from "../../../src/wire/limits.ts";
import { ScriptPeer } from "../../kit/script-server.ts";
import { waitFor } from "../../kit/wait-for.ts";
import { isAlertAtMost, makeTlsPair, type Stage, setStage, type TlsPair } from "../stage.ts";

/* Clients that speak something else than the door does, or that are made to (cross-protocol attacks such as ALPACA): each door, in clear and inside TLS, with passwords allowed
 * everywhere, so that whatever is taken for a login becomes one. */

const PLAIN = Buffer.from("\0mario\0secret").toString("base64");

/** A login as each protocol writes it, with a command that every door of its kind answers in front. */
const LOGINS: Readonly<Record<ProtocolName, string>> = {
  imap: "a NOOP\r\na LOGIN mario secret\r\n",
  pop3: "CAPA\r\nUSER mario\r\nPASS secret\r\n",
  submission: `NOOP\r\nEHLO pc.test\r\nAUTH LOGIN bWFyaW8=\r\nc2VjcmV0\r\n`,
  sieve: `NOOP\r\nAUTHENTICATE "PLAIN" "${PLAIN}"\r\n`,
};
const ALL_LOGINS = Object.values(LOGINS).join("");

/** What is closed at its first line. */
const STRANGERS: readonly (readonly [string, string])[] = [
  ["a browser's GET", `GET /?${"a".repeat(100)} HTTP/1.1\r\nHost: mail.test:143\r\n\r\n${ALL_LOGINS}`],
  [
    "a browser's form with logins in it",
    `POST / HTTP/1.1\r\nHost: mail.test\r\nContent-Type: text/plain\r\nContent-Length: ${ALL_LOGINS.length}\r\n\r\n${ALL_LOGINS}`,
  ],
  ["a browser's form in HTTP/1.0", `POST /mail HTTP/1.0\r\n\r\n${ALL_LOGINS}`],
  ["a beginning of HTTP/2", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${ALL_LOGINS}`],
  ["a proxy's CONNECT", `CONNECT mail.test:143 HTTP/1.1\r\n\r\n${ALL_LOGINS}`],
  ["an SSH client", `SSH-2.0-OpenSSH_10.0\r\n${ALL_LOGINS}`],
  ["a TLS client", `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n${ALL_LOGINS}`],
];

let tls: TlsPair;
let stage: Stage | null = null;
let logins = 0;

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  await stage?.close();
  stage = null;
  logins = 0;
});

async function open(protocol: ProtocolName, mode: "starttls" | "implicit" | "none"): Promise<Stage> {
  stage = await setStage({ protocol, tls: mode, plaintextLogin: "always" }, tls, () => {
    logins += 1;
    return Promise.reject(new Failure("wrong-password", "nobody may log in here"));
  });
  return stage;
}

/** What was logged of a client, once its session has ended. */
async function logOf(client: ScriptPeer): Promise<string> {
  client.end();
  await waitFor(() => stage?.registry.count === 0, "the session to end");
  return stage?.log() ?? "";
}

/** The greeting's lines: all but its last begin as those of a ManageSieve server do. */
async function greetingOf(peer: ScriptPeer): Promise<void> {
  for (let line = await peer.line(); line?.startsWith('"'); line = await peer.line()) continue;
}

describe.each(PROTOCOLS)("a door of %s", (protocol) => {
  test.each(STRANGERS)(
    "closes on %s at once, in clear and inside TLS, and takes nothing of it",
    async (_who, said) => {
      for (const mode of ["none", "starttls", "implicit"] as const) {
        const client = await (await open(protocol, mode)).connect();
        await greetingOf(client);
        client.sendRaw(said);
        expect((await client.rest()).split("\r\n")).toEqual([expect.stringMatching(/This port speaks/), ""]);
        expect(logins).toBe(0);
        expect(await logOf(client)).toContain('"reason":"foreign"');
        await stage?.close();
      }
    },
  );

  test("where TLS is spoken from the first octet closes on whoever speaks in clear, without a word in clear", async () => {
    for (const [, said] of [...STRANGERS.slice(0, -1), ["logins", ALL_LOGINS] as const]) {
      const client = new ScriptPeer(await (await open(protocol, "implicit")).knock());
      client.sendRaw(said);
      expect(isAlertAtMost(await client.rest())).toBe(true);
      client.end();
      expect(logins).toBe(0);
      await stage?.close();
    }
  });

  test("refuses in the handshake who wants to speak something else inside TLS", async () => {
    const others = [["http/1.1"], ["h2", "http/1.1"], ["ftp"], ["xmpp-client"], ["dot"]];
    for (const ALPNProtocols of others) {
      const socket = await (await open(protocol, "implicit")).knock();
      const client = connectTls({ socket, ca: tls.ca, servername: "localhost", ALPNProtocols });
      const [error] = await once(client, "error");
      expect(String(error)).toMatch(/no.application.protocol/i);
      await stage?.close();
    }
  });

  test.each(PROTOCOLS.filter((other) => other !== protocol))(
    "takes %s for mistakes, and no more of them than it bears",
    async (other) => {
      const client = await (await open(protocol, "none")).connect();
      await greetingOf(client);
      client.sendRaw(LOGINS[other].repeat(20));
      const answers = (await client.rest()).trimEnd().split("\r\n");
      // AUTH is the same in both (RFC 5034 §4, RFC 4954 §4): credentials of one's own are a login, wherever they come.
      const isSame = protocol === "pop3" && other === "submission";
      expect(logins).toBeLessThanOrEqual(isSame ? LIMITS.mistakes : 0);
      // One answer a mistake, the last words, and answers to what is a command here too (NOOP, AUTH).
      const known = answers.filter((answer) => /^(?:\w+ OK|OK|250|\+)/.test(answer));
      expect(answers.length - known.length).toBeLessThanOrEqual(LIMITS.mistakes + 2);
      expect(await logOf(client)).toContain('"reason":"mistakes"');
    },
  );
});

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../../src/model/failure.ts";
import { PROTOCOLS, type ProtocolName } from "../../../src/model/protocol.ts";
import { ScriptPeer } from "../../kit/script-server.ts";
import { waitFor } from "../../kit/wait-for.ts";
import { isAlertAtMost, makeTlsPair, type Stage, secure, setStage, type TlsPair } from "../stage.ts";

/* Command injection (CVE-2011-0411): somebody in between puts commands in clear around a client's STARTTLS. In clear a password is allowed here, so that what is injected could
 * be a login. */

const PLAIN = Buffer.from("\0mallory\0secret").toString("base64");
const MARIO = Buffer.from("\0mario\0secret").toString("base64");

interface Words {
  readonly startTls: string;
  /** Of an attacker. */
  readonly login: string;
  /** Of the client, inside TLS. */
  readonly own: string;
  readonly half: string;
}

const WORDS: Readonly<Record<ProtocolName, Words>> = {
  imap: {
    startTls: "a STARTTLS",
    login: "b LOGIN mallory secret\r\n",
    own: "c LOGIN mario secret",
    half: 'b LOGIN "mal',
  },
  pop3: {
    startTls: "STLS",
    login: "USER mallory\r\nPASS secret\r\n",
    own: `AUTH PLAIN ${MARIO}`,
    half: "USER mal",
  },
  submission: {
    startTls: "STARTTLS",
    login: `EHLO evil.test\r\nAUTH PLAIN ${PLAIN}\r\n`,
    own: `EHLO pc.test\r\nAUTH PLAIN ${MARIO}`,
    half: "EHLO evil",
  },
  sieve: {
    startTls: "STARTTLS",
    login: `AUTHENTICATE "PLAIN" "${PLAIN}"\r\n`,
    own: `AUTHENTICATE "PLAIN" "${MARIO}"`,
    half: 'AUTHENTICATE "PLAIN" {80+}\r\n',
  },
};

let tls: TlsPair;
let stage: Stage | null = null;
let logins: string[] = [];

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  await stage?.close();
  stage = null;
});

async function open(protocol: ProtocolName): Promise<Stage> {
  logins = [];
  stage = await setStage({ protocol, tls: "starttls", plaintextLogin: "always" }, tls, (request) => {
    logins.push(`${request.user.toString()} ${request.client.tls} ${request.hello ?? "-"}`);
    return Promise.reject(new Failure("wrong-password", "nobody may log in here"));
  });
  return stage;
}

/** Reads answers up to the one to STARTTLS. */
async function agreed(client: ScriptPeer): Promise<void> {
  for (let line = await client.line(); line !== null; line = await client.line())
    if (/begin|ready to start/i.test(line)) return;
  throw new Error("the session ended before TLS");
}

describe.each(PROTOCOLS)("a door of %s", (protocol) => {
  const { startTls, login, own, half } = WORDS[protocol];

  test.each([
    ["a login", login],
    ["half a command", half],
    ["an empty line", "\r\n"],
    ["one octet", "x"],
    ["the client's own handshake", "\x16\x03\x01\x02\x00"],
    ["a second STARTTLS", `${startTls}\r\n`],
  ])("closes without an answer where %s comes in the same packet behind STARTTLS", async (_what, behind) => {
    const client = new ScriptPeer(await (await open(protocol)).knock());
    await waitFor(() => (stage?.accepted[0]?.bytesWritten ?? 0) > 0, "the greeting");
    client.sendRaw(`${startTls}\r\n${behind}`);
    expect(await client.rest()).not.toMatch(/begin|ready to start/i);
    expect(logins).toEqual([]);
    client.end();
    await waitFor(() => stage?.registry.count === 0, "the session to end");
    expect(stage?.log()).toContain("octets in clear behind STARTTLS");
  });

  test("ends where a login comes in a later packet before the handshake, which then finds nobody", async () => {
    const client = new ScriptPeer(await (await open(protocol)).knock());
    client.send(startTls);
    await agreed(client);
    client.sendRaw(login);
    expect(isAlertAtMost(await client.rest())).toBe(true);
    client.end();
    await waitFor(() => stage?.registry.count === 0, "the session to end");
    expect(logins).toEqual([]);
    expect(stage?.log()).toContain('"reason":"TLS failed"');
  });

  test("lets nothing that was begun in clear go on inside TLS", async () => {
    const client = new ScriptPeer(await (await open(protocol)).knock());
    // An attacker's name and half of a login, before the client's own STARTTLS.
    const begun = { imap: "x ID NIL", pop3: "USER mallory", submission: "EHLO evil.test", sieve: "NOOP" }[
      protocol
    ];
    client.send(begun, startTls);
    await agreed(client);
    const inside = await secure(client.detach().socket, tls, protocol);
    inside.send(own);
    await waitFor(() => logins.length > 0, "the client's login");
    expect(logins).toEqual([`mario true ${protocol === "submission" ? "pc.test" : "-"}`]);
    inside.end();
  });
});

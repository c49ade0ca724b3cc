import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../../src/log/log.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { openImapTarget } from "../../../src/upstream/imap-login/open.ts";
import { openImap } from "../../../src/upstream/open.ts";
import { openPop3Target } from "../../../src/upstream/pop3/open.ts";
import { openSieveTarget } from "../../../src/upstream/sieve/open.ts";
import { openSmtpTarget } from "../../../src/upstream/smtp/open.ts";
import { type ScriptServer, startScriptServer } from "../../kit/script-server.ts";

/* Servers that answer, but never to the end: each line comes well within the time that one may take. */

const DEPS = { log: silentLog() };
const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: "pc.test" };
const LIMITS = { greetingLimitMs: 300, commandLimitMs: 300, loginLimitMs: 300, logoutLimitMs: 100 };
const BETWEEN_MS = 20;
/** So many lines take ten times what an answer may take, and no bound on their number is reached. */
const LINES = 90;

let server: ScriptServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function dripping(greeting: string, line: string): Promise<Endpoint> {
  server = await startScriptServer(async (peer) => {
    if (greeting !== "") {
      peer.send(greeting);
      await peer.line();
    }
    for (let count = 0; count < LINES && !peer.socket.destroyed; count += 1) {
      peer.send(line);
      await sleep(BETWEEN_MS);
    }
  });
  return { host: "127.0.0.1", port: server.port, tls: "none", ca: null, verify: true };
}

test.each([
  [
    "an IMAP server with untagged lines",
    "* OK hi",
    "* OK still here",
    (at: Endpoint) => openImap(DEPS, "target", at, { limits: LIMITS }),
  ],
  [
    "an IMAP server with untagged lines before a login",
    "* OK hi",
    "* OK still here",
    (at: Endpoint) => openImapTarget(DEPS, at, ORIGIN, { limits: LIMITS }),
  ],
  [
    "a POP3 server with a list",
    "+OK hi",
    "+OK list\r\nUIDL",
    (at: Endpoint) => openPop3Target(DEPS, at, ORIGIN, { limits: LIMITS }),
  ],
  [
    "an SMTP server with a greeting",
    "",
    "220-hi",
    (at: Endpoint) => openSmtpTarget(DEPS, at, ORIGIN, { limits: LIMITS }),
  ],
  [
    "an SMTP server with what it offers",
    "220 hi",
    "250-x",
    (at: Endpoint) => openSmtpTarget(DEPS, at, ORIGIN, { limits: LIMITS }),
  ],
  [
    "a ManageSieve server with what it offers",
    "",
    '"SIEVE" "x"',
    (at: Endpoint) => openSieveTarget(DEPS, at, ORIGIN, { limits: LIMITS }),
  ],
] as const)("%s that never ends takes no longer than one answer may", async (_what, greeting, line, open) => {
  const endpoint = await dripping(greeting, line);
  await expect(open(endpoint)).rejects.toMatchObject({
    kind: expect.stringMatching(/^target-(?:unreachable|protocol)$/),
  });
});

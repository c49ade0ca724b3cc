import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { createLog } from "../../../src/log/log.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { causeChain, FAILURES, Failure } from "../../../src/model/failure.ts";
import { logIn } from "../../../src/upstream/imap/commands/login.ts";
import { CommandRefusedError } from "../../../src/upstream/imap/refusal.ts";
import { openImapTarget } from "../../../src/upstream/imap-login/open.ts";
import type { LoginHow, LoginOutcome } from "../../../src/upstream/login-how.ts";
import { openImap } from "../../../src/upstream/open.ts";
import { openPop3Target } from "../../../src/upstream/pop3/open.ts";
import type { Side } from "../../../src/upstream/side.ts";
import { openSieveTarget } from "../../../src/upstream/sieve/open.ts";
import { openSmtpTarget } from "../../../src/upstream/smtp/open.ts";
import { makeTlsPair, type TlsPair } from "../stage.ts";
import {
  type End,
  type HostileServer,
  type Running,
  startHostileServer,
  type Tongue,
  type Way,
} from "./fake-server.ts";
import { IMAP_OTHER_SERVERS } from "./imap-other-servers.ts";
import { IMAP_SERVERS, IMAP_TONGUE } from "./imap-servers.ts";
import { POP3_SERVERS, POP3_TONGUE } from "./pop3-servers.ts";
import { SIEVE_SERVERS, SIEVE_TONGUE } from "./sieve-servers.ts";
import { SMTP_SERVERS, SMTP_TONGUE } from "./smtp-servers.ts";

/*
 * The facts of the public NO STARTTLS work (Poddebniak and others, 2021) in our own words: what servers say that somebody has tampered with, played to every client of ours in every way
 * that a connection can be protected. Of its 176 cases 175 are covered (IMAP 73 of 74, POP3 43 of 43, SMTP 59 of 59), and the 12 extra ones about certificates in `certificates.test.ts`.
 * One cannot apply: `imap/oracles` waits for a mail program that shows decrypted mail. Those that a person has to look at (what a program shows) are played
 * for what can reach a person here: our messages and our log.
 */

const PASSWORD = "pa55-of-mario";
const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: "pc.test" };
const WAYS: readonly Way[] = ["starttls", "implicit", "clear instead of TLS", "none"];
const LIMITS = {
  greetingLimitMs: 400,
  loginLimitMs: 400,
  commandLimitMs: 400,
  connectLimitMs: 1_000,
  logoutLimitMs: 200,
};

/** A client of ours: opens, logs in, and tells what it believes of the server. */
type Client = (
  endpoint: Endpoint,
  deps: { log: ReturnType<typeof createLog> },
  how: LoginHow,
) => Promise<Attempt>;

interface Attempt {
  readonly outcome: LoginOutcome;
  readonly believed: readonly string[];
}

const sourceClient: Client = async (endpoint, deps, how) => {
  const connection = await openImap(deps, "source", endpoint, { limits: LIMITS });
  const believed = [...connection.capabilities];
  try {
    return { outcome: await logIn(connection, how), believed };
  } finally {
    connection.close();
  }
};

function targetClient(
  open: typeof openImapTarget | typeof openPop3Target | typeof openSmtpTarget | typeof openSieveTarget,
): Client {
  return async (endpoint, deps, how) => {
    const target = await open(deps, endpoint, ORIGIN, { limits: LIMITS });
    try {
      return { outcome: await target.logIn(how), believed: [...target.offers] };
    } finally {
      target.close();
    }
  };
}

interface Stand {
  readonly name: string;
  readonly side: Side;
  readonly tongue: Tongue;
  readonly client: Client;
  readonly servers: readonly HostileServer[];
  /** All that may be said in clear where TLS is required. */
  readonly mayBeClear: RegExp;
}

const IMAP = [...Object.values(IMAP_SERVERS), ...Object.values(IMAP_OTHER_SERVERS)].flat();
const SMTP = Object.values(SMTP_SERVERS).flat();
const STANDS: readonly Stand[] = [
  {
    name: "IMAP source",
    side: "source",
    tongue: IMAP_TONGUE,
    client: sourceClient,
    servers: IMAP,
    mayBeClear: /^\w+ STARTTLS$/,
  },
  {
    name: "IMAP target",
    side: "target",
    tongue: IMAP_TONGUE,
    client: targetClient(openImapTarget),
    servers: IMAP,
    mayBeClear: /^\w+ STARTTLS$/,
  },
  {
    name: "POP3 target",
    side: "target",
    tongue: POP3_TONGUE,
    client: targetClient(openPop3Target),
    servers: Object.values(POP3_SERVERS).flat(),
    mayBeClear: /^STLS$/,
  },
  {
    name: "submission target",
    side: "target",
    tongue: SMTP_TONGUE,
    client: targetClient(openSmtpTarget),
    servers: SMTP,
    mayBeClear: /^(?:EHLO (?:pc\.test|\[192\.0\.2\.1\])|STARTTLS)$/,
  },
  {
    name: "ManageSieve target",
    side: "target",
    tongue: SIEVE_TONGUE,
    client: targetClient(openSieveTarget),
    servers: SIEVE_SERVERS,
    mayBeClear: /^STARTTLS$/,
  },
];

let tls: TlsPair;
let running: Running | null = null;

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  await running?.close();
  running = null;
});

/** How one client fares with one server. */
async function meet(stand: Stand, hostile: HostileServer, way: Way) {
  running = await startHostileServer(hostile, stand.tongue, way, tls);
  const mode = way === "clear instead of TLS" ? "implicit" : way;
  const endpoint: Endpoint = { host: "127.0.0.1", port: running.port, tls: mode, ca: tls.ca, verify: true };
  let logged = "";
  const log = createLog({ level: "debug", stream: { write: (line) => (logged += line) } });
  const password = new Secret(Buffer.from(PASSWORD));
  const attempt = stand.client(endpoint, { log }, { kind: "password", user: Buffer.from("mario"), password });
  const result = await attempt.then(
    ({ outcome, believed }) => ({ end: outcome.kind === "ok" ? "granted" : "refused", words: "", believed }),
    (thrown: unknown) => ({ ...endOf(thrown, stand.side), believed: [] }),
  );
  const { heardInClear } = running;
  await running.close();
  running = null;
  return { ...result, words: result.words + logged, heardInClear };
}

function endOf(thrown: unknown, side: Side): { readonly end: string; readonly words: string } {
  // A NO to CAPABILITY: whoever opens the connection turns it into a failure of its own.
  if (thrown instanceof CommandRefusedError) return { end: "protocol", words: thrown.message };
  if (!(thrown instanceof Failure)) throw thrown;
  // Whatever a server does, nobody's password is called wrong for it.
  expect(FAILURES[thrown.kind].client).toBe("unavailable");
  expect(thrown.message).toMatch(/127\.0\.0\.1:\d+/);
  return { end: thrown.kind.replace(`${side}-`, ""), words: causeChain(thrown).join("\n") };
}

function expectedEnd({ ends }: HostileServer, way: Way): End {
  if (way === "clear instead of TLS") return "protocol";
  return way === "starttls" ? ends.starttls : ends.without;
}

/** What was said in clear and may not be. Behind an OK that no TLS follows, the client's handshake is heard in clear. */
function leaked(stand: Stand, way: Way, heardInClear: readonly string[]): string[] {
  if (way === "none") return [];
  return heardInClear.filter((line) =>
    way === "starttls" && !line.startsWith("\x16") ? !stand.mayBeClear.test(line) : line.includes("mario"),
  );
}

/** Signs that could do something to a terminal or to what a reader sees: C0, C1, and what turns the direction of writing. */
function unprintable(words: string): string[] {
  return words.split("").filter((sign) => {
    const code = sign.charCodeAt(0);
    const isControl = (code < 0x20 && sign !== "\n") || (code >= 0x7f && code < 0xa0);
    return isControl || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  });
}

describe.each(STANDS)("$name", (stand) => {
  test.each(stand.servers)("that $does is met safely in every way", async (hostile) => {
    for (const way of WAYS) {
      const { end, words, believed, heardInClear } = await meet(stand, hostile, way);
      expect(`${way}: ${end}`).toBe(`${way}: ${expectedEnd(hostile, way)}`);
      expect(leaked(stand, way, heardInClear)).toEqual([]);
      expect(unprintable(words)).toEqual([]);
      // What came in clear where TLS was asked for is neither believed nor repeated.
      const isForged = way === "starttls" || way === "clear instead of TLS";
      const repeated = `${believed.join("\n")}\n${words}`.toUpperCase();
      expect(isForged && repeated.includes("FORGED") ? repeated : "").toBe("");
    }
  });
});

test("175 of the 176 public cases are covered, each by what it does", () => {
  const counted = (servers: readonly HostileServer[]) =>
    new Set(servers.flatMap(({ covers }) => covers)).size;
  const [imap, pop3, smtp] = [IMAP, Object.values(POP3_SERVERS).flat(), SMTP].map(counted);
  expect({ imap, pop3, smtp }).toEqual({ imap: 73, pop3: 43, smtp: 59 });
});

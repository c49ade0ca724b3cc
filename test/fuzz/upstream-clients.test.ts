import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { FAILURES, Failure } from "../../src/model/failure.ts";
import { logIn } from "../../src/upstream/imap/commands/login.ts";
import { CommandRefusedError } from "../../src/upstream/imap/refusal.ts";
import { openImapTarget } from "../../src/upstream/imap-login/open.ts";
import type { LoginHow, LoginOutcome } from "../../src/upstream/login-how.ts";
import { openImap } from "../../src/upstream/open.ts";
import { openPop3Target } from "../../src/upstream/pop3/open.ts";
import { openSieveTarget } from "../../src/upstream/sieve/open.ts";
import { openSmtpTarget } from "../../src/upstream/smtp/open.ts";
import { startScriptServer } from "../kit/script-server.ts";

/* Every client of ours against servers that say anything: right answers, nearly right ones and random octets, in any order. Whatever comes, an attempt ends soon, in an outcome or a
 * failure that the table knows; and where TLS is required, a server without it never hears the password. */

const DEPS = { log: silentLog() };
const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: "pc.test" };
const LIMITS = {
  greetingLimitMs: 40,
  loginLimitMs: 40,
  commandLimitMs: 40,
  connectLimitMs: 1_000,
  logoutLimitMs: 20,
};
const PASSWORD = "pa55-of-mario";
const IN_BASE64 = Buffer.from(`\0mario\0${PASSWORD}`).toString("base64");

interface Client {
  readonly name: string;
  /** What such a server may say, `%` being the last tag heard. */
  readonly words: readonly string[];
  /** What an honest one says, one answer after the other. */
  readonly course: readonly string[];
  readonly logIn: (endpoint: Endpoint, how: LoginHow) => Promise<LoginOutcome>;
}

function overLines(
  open: typeof openImapTarget | typeof openPop3Target | typeof openSmtpTarget | typeof openSieveTarget,
): Client["logIn"] {
  return async (endpoint, how) => {
    const target = await open(DEPS, endpoint, ORIGIN, { limits: LIMITS });
    try {
      return await target.logIn(how);
    } finally {
      target.close();
    }
  };
}

const CLIENTS: readonly Client[] = [
  {
    name: "IMAP of the copier",
    course: ["* OK hi", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n% OK done", "% OK in"],
    words: [
      ..."* OK hi|* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi|* PREAUTH|* BYE x|% OK done|% NO [UNAVAILABLE] x|% BAD x|+ go".split(
        "|",
      ),
      ..."* CAPABILITY IMAP4rev1 LITERAL+|* CAPABILITY IMAP4rev1 LOGINDISABLED|* LIST () NIL {3}\r\nabc|* 1 FETCH (|x OK".split(
        "|",
      ),
    ],
    logIn: async (endpoint, how) => {
      const connection = await openImap(DEPS, "target", endpoint, { limits: LIMITS });
      try {
        return await logIn(connection, how);
      } finally {
        connection.close();
      }
    },
  },
  {
    name: "IMAP of sessions",
    course: ["* OK hi", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n% OK done", "% OK in"],
    words: [
      ..."* OK hi|* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi|* PREAUTH|* BYE x|% OK done|% NO [UNAVAILABLE] x|% BAD x|+ go".split(
        "|",
      ),
      ..."* CAPABILITY IMAP4rev1 LITERAL+|* CAPABILITY IMAP4rev1 LOGINDISABLED|* LIST () NIL {3}\r\nabc|* 1 FETCH (|x OK".split(
        "|",
      ),
    ],
    logIn: overLines(openImapTarget),
  },
  {
    name: "POP3",
    course: ["+OK hi", "+OK list\r\nSASL PLAIN\r\n.", "+OK in"],
    words:
      "+OK hi|+OK [XCLIENT] hi|+OK|-ERR x|-ERR [AUTH] x|-ERR [SYS/TEMP] x|+ |+OK list\r\nSASL PLAIN\r\nUSER\r\n.|USER|.|..".split(
        "|",
      ),
    logIn: overLines(openPop3Target),
  },
  {
    name: "SMTP",
    course: ["220 hi", "250-x\r\n250 AUTH PLAIN", "235 in"],
    words: [
      ..."220 hi|220-hi|250 x|250-x|250-x\r\n250 AUTH PLAIN|250-x\r\n250-XCLIENT ADDR PORT\r\n250 AUTH LOGIN|334 |334 VXNlcm5hbWU6".split(
        "|",
      ),
      ..."235 in|535 5.7.8 no|454 later|421 bye|500 what|x".split("|"),
    ],
    logIn: overLines(openSmtpTarget),
  },
  {
    name: "ManageSieve",
    course: ['"SASL" "PLAIN"\r\nOK "hi"', 'OK "in"'],
    words: [
      ...'"SASL" "PLAIN"\r\nOK "hi"|"SASL" "PLAIN LOGIN"|"STARTTLS"|"XCLIENT" "ADDR"|OK|OK "in"|NO (TRYLATER) "x"|NO "x"|BYE "x"'.split(
        "|",
      ),
      ...'{3}\r\nabc|{9}|OK {3}\r\nabc|"'.split("|"),
    ],
    logIn: overLines(openSieveTarget),
  },
];

/** What the server says after each thing that it hears, the first time unasked. */
function sayings({ words, course }: Client): fc.Arbitrary<string[]> {
  const line = fc.constantFrom(...words).map((text) => `${text}\r\n`);
  const random = fc.uint8Array({ maxLength: 30 }).map((octets) => Buffer.from(octets).toString("latin1"));
  const changed = fc
    .tuple(line, fc.nat(), fc.string({ unit: "binary", maxLength: 2 }))
    .map(
      ([text, at, inserted]) =>
        text.slice(0, at % text.length) + inserted + text.slice((at % text.length) + 1),
    );
  const one = fc.oneof(
    { weight: 12, arbitrary: line },
    { weight: 2, arbitrary: changed },
    { weight: 1, arbitrary: random },
  );
  const answer = fc.array(one, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
  const anything = fc.array(answer, { minLength: 1, maxLength: 8 });
  // An honest course with one answer changed gets further.
  const nearlyHonest = fc
    .tuple(fc.nat({ max: course.length }), answer)
    .map(([place, other]) => course.map((text, at) => (at === place ? other : `${text}\r\n`)));
  return fc.oneof(anything, nearlyHonest);
}

/** One attempt against a server that says these things and then ends. */
async function attempt(client: Client, said: readonly string[], tls: Endpoint["tls"]) {
  const heard: string[] = [];
  const server = await startScriptServer(async (peer) => {
    let tag = "";
    for (const text of said) {
      peer.sendRaw(text.replaceAll("%", tag));
      const line = await peer.line();
      if (line === null) break;
      heard.push(line);
      tag = line.split(" ")[0] ?? "";
    }
    peer.end();
  });
  const endpoint: Endpoint = { host: "127.0.0.1", port: server.port, tls, ca: null, verify: true };
  const password = new Secret(Buffer.from(PASSWORD));
  try {
    const how: LoginHow = { kind: "password", user: Buffer.from("mario"), password };
    const outcome = await client.logIn(endpoint, how).catch((thrown: unknown) => thrown);
    return { outcome, heard: heard.join("\n") };
  } finally {
    await server.close();
  }
}

function isKnown(outcome: unknown): boolean {
  if (outcome instanceof Failure)
    return outcome.kind.startsWith("target-") && FAILURES[outcome.kind].client === "unavailable";
  if (outcome instanceof CommandRefusedError) return true;
  return (
    typeof outcome === "object" &&
    outcome !== null &&
    "kind" in outcome &&
    /^(?:ok|refused)$/.test(String(outcome.kind))
  );
}

describe.each(CLIENTS)("the client for $name", (client) => {
  test("ends every attempt in what the login can deal with", async () => {
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(sayings(client), async (said) => {
        const { outcome, heard } = await attempt(client, said, "none");
        expect(outcome).toSatisfy(isKnown);
        const isGranted =
          typeof outcome === "object" && outcome !== null && "kind" in outcome && outcome.kind === "ok";
        granted += isGranted ? 1 : 0;
        // A login is never believed before the server has heard it.
        expect(!isGranted || /LOGIN|AUTH|PASS/.test(heard)).toBe(true);
      }),
      { numRuns: 250, seed: 4 },
    );
    expect(granted).toBeGreaterThan(0);
  });

  test("says no password to a server that does not begin TLS", async () => {
    await fc.assert(
      fc.asyncProperty(sayings(client), async (said) => {
        const { outcome, heard } = await attempt(client, said, "starttls");
        expect(outcome).toBeInstanceOf(Error);
        expect(outcome).toSatisfy(isKnown);
        expect([PASSWORD, IN_BASE64, "mario"].filter((secret) => heard.includes(secret))).toEqual([]);
      }),
      { numRuns: 100, seed: 5 },
    );
  });
});

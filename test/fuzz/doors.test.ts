import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FailureKind } from "../../src/model/failure.ts";
import { PROTOCOLS, type ProtocolName } from "../../src/model/protocol.ts";
import type { Link, LogIn, Next, Standing } from "../../src/session/protocol.ts";
import { protocolOf } from "../../src/session/protocols.ts";
import { LIMITS } from "../../src/wire/limits.ts";

/* Each protocol as its door speaks it, reader and step together, over sequences of right, nearly right and random commands in every state: in clear, where a password may come
 * in clear, and inside TLS behind STARTTLS. */

const PLAIN = Buffer.from("\0mario\0secret").toString("base64");
const ACTING = Buffer.from("luigi\0mario\0secret").toString("base64");

/** Lines with ` | ` between. */
const lines = (text: string) => text.split(" | ");

/** Lines that make sense, or nearly. */
const LINES: Readonly<Record<ProtocolName, readonly string[]>> = {
  imap: [
    ...lines('a NOOP | a CAPABILITY | a STARTTLS | a ID ("x-proxy-ttl" "3") | a ID NIL | a SELECT INBOX'),
    ...lines(
      'a LOGIN mario secret | a LOGIN "mario" "" | a LOGIN {5} | a LOGIN {5+}\r\nmario {6+}\r\nsecret',
    ),
    ...lines(
      `a AUTHENTICATE PLAIN ${PLAIN} | a AUTHENTICATE LOGIN | a AUTHENTICATE PLAIN | a AUTHENTICATE PLAIN =`,
    ),
    ...lines(`a AUTHENTICATE PLAIN ${ACTING} | a AUTHENTICATE CRAM-MD5 | a LOGIN {99999}`),
  ],
  pop3: [
    ...lines("CAPA | STLS | UTF8 | USER mario | PASS secret | PASS  | APOP mario 0123 | STAT | NOOP | AUTH"),
    ...lines(
      `AUTH PLAIN ${PLAIN} | AUTH PLAIN | AUTH LOGIN | AUTH PLAIN = | AUTH PLAIN ${ACTING} | AUTH CRAM-MD5`,
    ),
  ],
  submission: [
    ...lines(
      "EHLO pc.test | HELO pc.test | EHLO pc2.test | NOOP | RSET | STARTTLS | MAIL FROM:<> | BDAT 5 LAST",
    ),
    ...lines(
      `AUTH PLAIN ${PLAIN} | AUTH PLAIN | AUTH LOGIN | AUTH LOGIN bWFyaW8= | AUTH PLAIN = | AUTH CRAM-MD5`,
    ),
    `AUTH PLAIN ${ACTING}`,
  ],
  sieve: [
    ...lines('CAPABILITY | NOOP | NOOP "tag" | STARTTLS | PUTSCRIPT "a" {3+}\r\nabc | LISTSCRIPTS'),
    ...lines(
      `AUTHENTICATE "PLAIN" "${PLAIN}" | AUTHENTICATE "PLAIN" | AUTHENTICATE "LOGIN" | AUTHENTICATE "CRAM-MD5"`,
    ),
    ...lines(
      `AUTHENTICATE "PLAIN" {${PLAIN.length}+}\r\n${PLAIN} | AUTHENTICATE "PLAIN" "${ACTING}" | "${PLAIN}" | "bWFyaW8="`,
    ),
  ],
};
/** Each of them costs a mistake in every state that it can be said in. */
const WRONG: Readonly<Record<ProtocolName, readonly string[]>> = {
  imap: lines(
    `a SELECT INBOX | a LOGIN mario secret | a AUTHENTICATE CRAM-MD5 | a AUTHENTICATE PLAIN ${ACTING} | ? | a LOGIN`,
  ),
  pop3: lines(
    `PASS secret | APOP mario 0123 | STAT | AUTH CRAM-MD5 | AUTH PLAIN ${PLAIN} | AUTH PLAIN ${ACTING} | ? | USER`,
  ),
  submission: lines(
    `MAIL FROM:<> | DATA | AUTH CRAM-MD5 | AUTH PLAIN ${PLAIN} | AUTH PLAIN ${ACTING} | ? | EHLO`,
  ),
  sieve: lines(`LISTSCRIPTS | AUTHENTICATE "CRAM-MD5" | AUTHENTICATE "PLAIN" "${PLAIN}" | ? | AUTHENTICATE`),
};
/** Answers to challenges. */
const RESPONSES = lines(`${PLAIN} | bWFyaW8= | c2VjcmV0 | * | = |  | !!`);
/** What ends a session at once. */
const ENDS = [
  ...lines("a LOGOUT | QUIT | LOGOUT | GET / HTTP/1.1 | SSH-2.0-x | \x16\x03\x01"),
  "x".repeat(8_300),
  "x".repeat(12_400),
];

/** A line, whole or with something in it changed, or octets that are none. */
function said(protocol: ProtocolName): fc.Arbitrary<Buffer> {
  const known = fc.constantFrom(...LINES[protocol]);
  const line = fc.oneof(
    { weight: 30, arbitrary: known },
    { weight: 8, arbitrary: fc.constantFrom(...RESPONSES) },
    { weight: 1, arbitrary: fc.constantFrom(...ENDS) },
  );
  const whole = line.map((text) => `${text}\r\n`);
  const changed = fc
    .tuple(
      line,
      fc.constantFrom("\r\n", "\n", ""),
      fc.nat(),
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.nat({ max: 3 }),
    )
    .map(([text, end, at, inserted, removed]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + inserted + text.slice(place + removed) + end;
    });
  const random = fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets).toString("latin1"));
  return fc
    .oneof(
      { weight: 20, arbitrary: whole },
      { weight: 4, arbitrary: changed },
      { weight: 1, arbitrary: random },
    )
    .map((text) => Buffer.from(text, "latin1"));
}

/** What the target's server is known to offer: its own words, and a hostile one's. */
const offers = fc.array(
  fc.oneof(
    fc.constantFrom(
      "UTF8",
      "UIDL",
      "SIZE 9",
      "CHUNKING",
      "AUTH PLAIN",
      "SASL PLAIN",
      '"SIEVE" "x"',
      '"SASL" "PLAIN"',
    ),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("SIZE\r\n250 AUTH", "UIDL\r.", '"NOTIFY" "a\r\nOK"', ".", "\x1b[31m", "x".repeat(600)),
  ),
  { maxLength: 5 },
);
const links: fc.Arbitrary<Link> = fc
  .tuple(
    fc.constantFrom(
      { secure: false, startTlsOffered: true, loginAllowed: false },
      { secure: false, startTlsOffered: true, loginAllowed: true },
      { secure: false, startTlsOffered: false, loginAllowed: true },
      { secure: true, startTlsOffered: false, loginAllowed: true },
    ),
    offers,
  )
  .map(([link, offers]) => ({ ...link, offers, hostname: "mail.test" }));
const failures: fc.Arbitrary<FailureKind> = fc.constantFrom(
  "wrong-password",
  "unknown-account",
  "source-unreachable",
  "throttled",
);

interface Course {
  readonly logins: readonly (LogIn & { readonly link: Link })[];
  /** All that was said, in order. */
  readonly answers: readonly Next[];
  readonly ended: boolean;
}

/** A session as `Conversation` leads it, with a login that always fails as `kind` says, and STARTTLS that takes place. */
function converse(protocol: ProtocolName, on: Link, packets: readonly Buffer[], kind: FailureKind): Course {
  const spoken = protocolOf(protocol);
  let state: Standing = spoken.begin(on);
  expect(spoken.greeting(state)).toMatch(LINE_FORM[protocol]);
  let reader = spoken.newReader();
  const logins: (LogIn & { link: Link })[] = [];
  const answers: Next[] = [];
  for (const packet of packets) {
    reader.push(Buffer.from(packet));
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      let next: Next;
      [state, next] = spoken.step(state, event);
      if (next.kind === "log-in") {
        logins.push({ ...next, link: state.link });
        next.credentials.password.wipe();
        [state, next] = spoken.stepAfterFailure(state, next.tag, kind);
      }
      answers.push(next);
      expect(state.mistakes.bad + state.mistakes.refused).toBeLessThanOrEqual(LIMITS.mistakes + 1);
      if (next.kind === "close") return { logins, answers, ended: true };
      if (next.kind === "challenge") reader.expectResponse();
      if (next.kind === "refuse-literal") reader.refuseLiteral?.();
      if (next.kind !== "start-tls") continue;
      // What is behind it in the packet would end the connection; here the client begins anew.
      reader.takeRest();
      reader = spoken.newReader();
      state = spoken.begin(
        { ...on, secure: true, startTlsOffered: false, loginAllowed: true },
        state.mistakes,
      );
      break;
    }
    expect(unreadOf(reader)).toBeLessThanOrEqual(LIMITS.commandOctets);
  }
  return { logins, answers, ended: false };
}

/** What a reader holds; each of ours says so. */
function unreadOf(reader: object): number {
  return "unread" in reader && typeof reader.unread === "number" ? reader.unread : 0;
}

/** Whole lines of printable text, as each protocol's clients read them: nothing of the client's octets breaks out of one. */
const LINE_FORM: Readonly<Record<ProtocolName, RegExp>> = {
  imap: /^(?:[^\r\n\0]+\r\n)+$/,
  pop3: /^(?:(?:\+OK|-ERR|\+)(?: [^\r\n\0]*)?\r\n|[^\r\n\0]+\r\n)+$/,
  submission: /^(?:[2-5]\d\d[ -][ -~]*\r\n)+$/,
  sieve: /^(?:[^\r\n\0]+\r\n)+$/,
};

describe.each(PROTOCOLS)("a door of %s", (protocol) => {
  test("comes through any course of commands without a fault, and takes a password only where one may come", () => {
    let taken = 0;
    fc.assert(
      fc.property(
        links,
        fc.array(said(protocol), { maxLength: 40, size: "max" }),
        failures,
        (on, packets, kind) => {
          const { logins, answers } = converse(protocol, on, packets, kind);
          taken += logins.length;
          expect(logins.filter(({ link }) => !link.loginAllowed)).toEqual([]);
          const texts = answers.flatMap((next) => ("text" in next ? [next.text] : []));
          expect(texts.filter((text) => text !== "" && !LINE_FORM[protocol].test(text))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
    // Otherwise the courses do not get far enough to say anything.
    expect(taken).toBeGreaterThan(10);
  });

  test("ends whoever makes mistakes or guesses, with one answer to each", () => {
    const wrong = fc.constantFrom(...WRONG[protocol]);
    fc.assert(
      fc.property(links, fc.array(wrong, { minLength: 20, maxLength: 30 }), (on, said) => {
        const packets = said.map((line) => Buffer.from(`${line}\r\n`));
        const { answers, ended } = converse(protocol, on, packets, "wrong-password");
        expect(ended).toBe(true);
        expect(answers.length).toBe(LIMITS.mistakes + 1);
        expect(answers.at(-1)).toMatchObject({ kind: "close", why: "mistakes" });
      }),
    );
  });

  test("says the same to a course of commands however it is cut into packets", () => {
    const course = fc.array(said(protocol), { maxLength: 20 });
    fc.assert(
      fc.property(links, course, failures, (on, packets, kind) => {
        const whole = Buffer.concat(packets);
        const bytes = Array.from(whole, (octet) => Buffer.of(octet));
        const sayings = (cut: readonly Buffer[]) =>
          converse(protocol, on, cut, kind).answers.map((next) => ("text" in next ? next.text : ""));
        // Where TLS begins the packets are the point: what is behind it in one of them is thrown away.
        fc.pre(!/start-?tls|stls/i.test(whole.toString("latin1")));
        expect(sayings(bytes)).toEqual(sayings([whole]));
      }),
      { numRuns: 60 },
    );
  });

  const corpus = new URL(
    `corpus/${{ imap: "command", pop3: "pop3", submission: "submission", sieve: "sieve" }[protocol]}-reader/`,
    import.meta.url,
  );
  test.each(readdirSync(corpus))("comes through the saved input %s in every state", (name) => {
    const whole = readFileSync(new URL(name, corpus));
    for (const on of fc.sample(links, { numRuns: 20, seed: 1 })) {
      const { logins } = converse(protocol, on, [whole], "wrong-password");
      expect(logins.every(({ link }) => link.loginAllowed)).toBe(true);
    }
  });
});

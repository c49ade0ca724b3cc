import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { begin, type Pop3State, step, stepAfterFailure } from "../../src/session/pop3-step.ts";
import type { Link, Next } from "../../src/session/protocol.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { commandReader, type ReaderEvent } from "../../src/wire/pop3/command-reader.ts";
import { byteByByte, cut, places } from "./pieces.ts";

const CORPUS = new URL("corpus/pop3-reader/", import.meta.url);
/** More events than any input here has lines. */
const EVENTS_LIMIT = 10_000;

/** Everything that the reader makes of the pieces, secrets laid open; behind each AUTH it expects an answer, as a session may. */
function read(pieces: readonly Buffer[]): unknown[] {
  const reader = commandReader();
  const events: unknown[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece));
    for (let event = reader.next(); event; event = reader.next()) {
      events.push(plain(event));
      if (event.kind === "oversize" || event.kind === "foreign") return events;
      if (events.length > EVENTS_LIMIT) throw new Error("the reader does not come to an end");
      if (event.kind === "command" && event.command.kind === "auth") reader.expectResponse();
    }
    expect(reader.unread).toBeLessThanOrEqual(LIMITS.lineOctets + 1);
  }
  return events;
}

function plain(event: ReaderEvent): unknown {
  if (event.kind !== "command" || event.command.kind !== "pass") return event;
  return { pass: Buffer.from(event.command.password.reveal()) };
}

const piece = fc.oneof(
  fc.constantFrom("USER ", "PASS ", "AUTH ", "PLAIN ", "LOGIN", "=", "*", "STLS", "CAPA", "UTF8", "QUIT"),
  fc.constantFrom("\r\n", "\n", "\r", " ", "\t", "\0", "STAT", "GET / HTTP/1.1\r\n", "\x16", "bWFyaW8="),
  fc.constantFrom("AG1hcmlvAHNlY3JldA==", "x".repeat(3_000)),
  fc.string({ unit: "binary", maxLength: 12 }),
);
const garbage = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""), "latin1")),
  fc.uint8Array({ maxLength: 400 }).map((values) => Buffer.from(values)),
);

test("a name and a password keep every octet, wherever the network cuts them", () => {
  const octets = fc
    .uint8Array({ minLength: 1, maxLength: 80 })
    .map((values) => Buffer.from(values.filter((octet) => ![0, 0x0a, 0x0d].includes(octet))))
    .filter((value) => value.length > 0);
  fc.assert(
    fc.property(octets, octets, places, (name, password, at) => {
      const whole = Buffer.concat([
        Buffer.from("USER "),
        name,
        Buffer.from("\r\nPASS "),
        password,
        Buffer.from("\r\n"),
      ]);
      const expected = [{ kind: "command", command: { kind: "user", name } }, { pass: password }];
      expect(read(cut(whole, at))).toEqual(expected);
      expect(read(byteByByte(whole))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

describe("whatever comes in", () => {
  test("nothing is thrown, little is held, and the pieces it came in change nothing", () => {
    fc.assert(
      fc.property(garbage, places, (whole, at) => {
        const atOnce = read([whole]);
        expect(read(cut(whole, at))).toEqual(atOnce);
        expect(read(byteByByte(whole))).toEqual(atOnce);
      }),
      { numRuns: 300 },
    );
  });

  test("what stands behind a login is given away as it came", () => {
    fc.assert(
      fc.property(garbage, (behind) => {
        const reader = commandReader();
        reader.push(Buffer.concat([Buffer.from("PASS secret\r\n"), behind]));
        expect(reader.next()).toMatchObject({ kind: "command", command: { kind: "pass" } });
        expect(reader.takeRest()).toEqual(behind);
        expect(reader.next()).toBeUndefined();
      }),
    );
  });

  test("a client that never ends a line is given up", () => {
    const more = Array.from({ length: 20 }, () => Buffer.alloc(1_000, "x"));
    expect(read([Buffer.from("PASS "), ...more]).at(-1)).toEqual({ kind: "oversize" });
    expect(read([Buffer.from("AUTH PLAIN\r\n"), ...more]).at(-1)).toEqual({ kind: "oversize" });
  });

  test.each(readdirSync(CORPUS))(
    "the saved input %s is read the same way at once and byte by byte",
    (name) => {
      const whole = readFileSync(new URL(name, CORPUS));
      const atOnce = read([whole]);
      expect(atOnce).not.toEqual([]);
      expect(read(byteByByte(whole))).toEqual(atOnce);
    },
  );
});

describe("in each state", () => {
  const OURS = { hostname: "mail.test", offers: ["UIDL", "UTF8"] };
  const links: readonly Link[] = [
    { ...OURS, secure: false, startTlsOffered: true, loginAllowed: false },
    { ...OURS, secure: false, startTlsOffered: true, loginAllowed: true },
    { ...OURS, secure: true, startTlsOffered: false, loginAllowed: true },
  ];

  /** Talks until the session ends or hands over; every login is refused. */
  function converse(link: Link, whole: Buffer): Next[] {
    const reader = commandReader();
    reader.push(Buffer.from(whole));
    const said: Next[] = [];
    let state: Pop3State = begin(link);
    for (let event = reader.next(); event; event = reader.next()) {
      let next: Next;
      [state, next] = step(state, event);
      said.push(next);
      if (next.kind === "log-in") {
        [state, next] = stepAfterFailure(state, "", "wrong-password");
        said.push(next);
      }
      if (next.kind === "challenge") reader.expectResponse();
      if (next.kind === "close" || next.kind === "start-tls") break;
    }
    return said;
  }

  test("every line is answered, and no password is asked for or taken where none may come", () => {
    const isAnswer = (next: Next) =>
      next.kind === "log-in" || /^(?:\+OK|-ERR|\+) [^\r\n]*\r\n(?:[^\r\n]+\r\n)*$/.test(next.text);
    const mayCome = (link: Link, next: Next) =>
      link.loginAllowed || (next.kind !== "log-in" && next.kind !== "challenge");
    fc.assert(
      fc.property(garbage, fc.constantFrom(...links), (whole, link) => {
        const said = converse(link, whole);
        expect(said.filter((next) => !isAnswer(next) || !mayCome(link, next))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("mistakes do not go on for ever", () => {
    const said = converse(links[2] as Link, Buffer.from("NOOP\r\nPASS x\r\nUSER y\r\nPASS z\r\n".repeat(20)));
    expect(said.at(-1)).toMatchObject({ kind: "close", why: "mistakes" });
  });
});

import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Link, Next } from "../../src/session/protocol.ts";
import { begin, type SubmissionState, step, stepAfterFailure } from "../../src/session/submission-step.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { commandReader, type ReaderEvent } from "../../src/wire/smtp/command-reader.ts";
import { byteByByte, cut, places } from "./pieces.ts";

const CORPUS = new URL("corpus/submission-reader/", import.meta.url);
/** More events than any input here has lines. */
const EVENTS_LIMIT = 10_000;

/** Everything that the reader makes of the pieces; behind each AUTH it expects an answer, as a session may. */
function read(pieces: readonly Buffer[]): ReaderEvent[] {
  const reader = commandReader();
  const events: ReaderEvent[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece));
    for (let event = reader.next(); event; event = reader.next()) {
      events.push(event);
      if (event.kind === "oversize" || event.kind === "foreign") return events;
      if (events.length > EVENTS_LIMIT) throw new Error("the reader does not come to an end");
      if (event.kind === "command" && event.command.kind === "auth") reader.expectResponse();
    }
    expect(reader.unread).toBeLessThanOrEqual(LIMITS.smtpLineOctets + 1);
  }
  return events;
}

const piece = fc.oneof(
  fc.constantFrom("EHLO ", "HELO ", "AUTH ", "PLAIN ", "LOGIN", "=", "*", "STARTTLS", "NOOP", "RSET", "QUIT"),
  fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "\0",
    "MAIL FROM:<>",
    "GET / HTTP/1.1\r\n",
    "\x16",
    "bWFyaW8=",
  ),
  fc.constantFrom("AG1hcmlvAHNlY3JldA==", "x".repeat(3_000)),
  fc.string({ unit: "binary", maxLength: 12 }),
);
const garbage = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""), "latin1")),
  fc.uint8Array({ maxLength: 400 }).map((values) => Buffer.from(values)),
);

describe("whatever comes in", () => {
  test("nothing is thrown, little is held, and the pieces it came in change nothing", () => {
    fc.assert(
      fc.property(garbage, places, (whole, at) => {
        const atOnce = read([whole]);
        expect(read(cut(whole, at))).toEqual(atOnce);
        expect(read(byteByByte(whole))).toEqual(atOnce);
      }),
      { numRuns: 500 },
    );
  });

  test("what stands behind a login is given away as it came", () => {
    fc.assert(
      fc.property(garbage, (behind) => {
        const reader = commandReader();
        reader.push(Buffer.concat([Buffer.from("AUTH PLAIN =\r\n"), behind]));
        expect(reader.next()).toMatchObject({ kind: "command", command: { kind: "auth" } });
        expect(reader.takeRest()).toEqual(behind);
        expect(reader.next()).toBeUndefined();
      }),
    );
  });

  test("a client that never ends a line is given up", () => {
    const more = Array.from({ length: 20 }, () => Buffer.alloc(1_000, "x"));
    expect(read([Buffer.from("AUTH PLAIN "), ...more]).at(-1)).toEqual({ kind: "oversize" });
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

describe("in every state", () => {
  const link: fc.Arbitrary<Link> = fc.record({
    secure: fc.boolean(),
    startTlsOffered: fc.boolean(),
    loginAllowed: fc.boolean(),
    hostname: fc.constant("mail.test"),
    offers: fc.array(fc.string({ unit: "binary", maxLength: 30 }), { maxLength: 5 }),
  });

  /** Runs a session over `whole` as the loop does, every login refused; gives all that was said. */
  function talk(on: Link, whole: Buffer): Next[] {
    const reader = commandReader();
    reader.push(Buffer.from(whole));
    let state: SubmissionState = begin(on);
    const said: Next[] = [];
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      let next: Next;
      [state, next] = step(state, event);
      said.push(next);
      if (next.kind === "log-in") {
        [state, next] = stepAfterFailure(state, next.tag, "wrong-password");
        said.push(next);
      }
      if (next.kind === "close" || next.kind === "start-tls") break;
      if (next.kind === "challenge") reader.expectResponse();
    }
    return said;
  }

  test("each thing that is heard has one answer, made of whole reply lines", () => {
    fc.assert(
      fc.property(link, garbage, (on, whole) => {
        const said = talk(on, whole);
        const texts = said.flatMap((next) => (next.kind === "log-in" ? [] : [next.text]));
        expect(texts.filter((text) => !/^(?:[2-5]\d\d[ -][ -~]*\r\n)+$/.test(text))).toEqual([]);
        const logins = said.filter((next) => next.kind === "log-in");
        expect(logins.every(({ hello }) => /^[!-~]{1,255}$/.test(hello ?? ""))).toBe(true);
        expect(on.loginAllowed || logins.length === 0).toBe(true);
        expect(on.startTlsOffered || said.every(({ kind }) => kind !== "start-tls")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Link, Next } from "../../src/session/protocol.ts";
import { begin, type SieveState, step, stepAfterFailure } from "../../src/session/sieve-step.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { type SieveEvent, SieveReader } from "../../src/wire/sieve/command-reader.ts";
import { byteByByte, cut, places } from "./pieces.ts";

const CORPUS = new URL("corpus/sieve-reader/", import.meta.url);
/** More events than any input here has lines. */
const EVENTS_LIMIT = 10_000;

/** Everything that the reader makes of the pieces; behind each AUTHENTICATE it expects an answer, as a session may. */
function read(pieces: readonly Buffer[]): SieveEvent[] {
  const reader = new SieveReader();
  const events: SieveEvent[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece));
    for (let event = reader.next(); event; event = reader.next()) {
      events.push(event);
      if (event.kind === "oversize" || event.kind === "foreign") return events;
      if (events.length > EVENTS_LIMIT) throw new Error("the reader does not come to an end");
      if (event.kind === "command" && event.command.kind === "authenticate") reader.expectResponse();
    }
    expect(reader.unread).toBeLessThanOrEqual(LIMITS.sieveCommandOctets);
  }
  return events;
}

const piece = fc.oneof(
  fc.constantFrom("AUTHENTICATE ", '"PLAIN" ', '"LOGIN"', "STARTTLS", "NOOP ", "CAPABILITY", "LOGOUT"),
  fc.constantFrom('PUTSCRIPT "a" ', '"', "\\", '""', '"*"', "(", ")", "\0", "GET / HTTP/1.1\r\n", "\x16"),
  fc.constantFrom(
    "{3+}\r\n",
    "{0+}\r\n",
    "{5}\r\n",
    "{12289+}",
    "{99999999999999999999+}",
    `{${"0".repeat(400)}+}`,
  ),
  fc.constantFrom("\r\n", "\n", "\r", " ", '"AG1hcmlvAHNlY3JldA=="', "x".repeat(3_000)),
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

  test("a response keeps every octet, as a quoted string or a literal", () => {
    const octets = fc
      .array(fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(...Buffer.from('"\\{}+ *~'))), {
        maxLength: 80,
      })
      .map((values) => Buffer.from(values));
    fc.assert(
      fc.property(octets, places, (value, at) => {
        const quoted = `"${value.toString("latin1").replace(/["\\]/g, "\\$&")}"`;
        const literal = `{${value.length}+}\r\n${value.toString("latin1")}`;
        for (const text of /[\r\n]/.test(quoted) ? [literal] : [quoted, literal]) {
          const whole = Buffer.from(`AUTHENTICATE "PLAIN" ${text}\r\n`, "latin1");
          const command = { kind: "authenticate", mechanism: "PLAIN", initial: value };
          expect(read(cut(whole, at))).toEqual([{ kind: "command", command }]);
          const later = Buffer.from(`AUTHENTICATE "PLAIN"\r\n${text}\r\n`, "latin1");
          expect(read(cut(later, at))[1]).toEqual({ kind: "response", response: value });
        }
      }),
      { numRuns: 500 },
    );
  });

  test("what stands behind a login is given away as it came", () => {
    fc.assert(
      fc.property(garbage, (behind) => {
        const reader = new SieveReader();
        reader.push(Buffer.concat([Buffer.from('AUTHENTICATE "PLAIN" ""\r\n'), behind]));
        expect(reader.next()).toMatchObject({ kind: "command", command: { kind: "authenticate" } });
        expect(reader.takeRest()).toEqual(behind);
        expect(reader.next()).toBeUndefined();
      }),
    );
  });

  test("a client that never ends a line, a command or a literal is given up", () => {
    for (const [start, more] of [
      ["", "x"],
      ['AUTHENTICATE "PLAIN" "', "x"],
      ['AUTHENTICATE "PLAIN"\r\n', "x"],
      ["NOOP ", "{1+}\r\nx"],
      ['PUTSCRIPT "a" ', "{6+}\r\n"],
    ] as const) {
      const rest = Array.from({ length: 40 }, () => Buffer.from(more.repeat(1_000 / more.length)));
      expect(read([Buffer.from(start), ...rest]).at(-1)).toEqual({ kind: "oversize" });
    }
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
  const offer = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.string({ unit: "binary", maxLength: 20 }).map((value) => `"SIEVE" "${value}"`),
    fc.constantFrom('"IMPLEMENTATION" "x"', '"VERSION" "1.0"', '"SASL" "SCRAM-SHA-1"'),
  );
  const link: fc.Arbitrary<Link> = fc.record({
    secure: fc.boolean(),
    startTlsOffered: fc.boolean(),
    loginAllowed: fc.boolean(),
    hostname: fc.constant("mail.test"),
    offers: fc.array(offer, { maxLength: 5 }),
  });

  /** Runs a session over `whole` as the loop does, every login refused; gives all that was said. */
  function talk(on: Link, whole: Buffer): Next[] {
    const reader = new SieveReader();
    reader.push(Buffer.from(whole));
    let state: SieveState = begin(on);
    const said: Next[] = [];
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      let next: Next;
      [state, next] = step(state, event);
      if (next.kind === "log-in") {
        next.credentials.password.wipe();
        [state, next] = stepAfterFailure(state, "wrong-password");
      }
      said.push(next);
      if (next.kind === "close" || next.kind === "start-tls") return said;
      if (next.kind === "challenge") reader.expectResponse();
    }
    return said;
  }

  test("each thing that is said is answered by whole lines, or the connection ends; no password is taken where none may come", () => {
    fc.assert(
      fc.property(link, garbage, (on, whole) => {
        for (const next of talk(on, whole)) {
          if (next.kind === "log-in") throw new Error("a login was not decided");
          expect(next.text).toMatch(/^(?:"|OK|NO|BYE)/);
          expect(next.text.endsWith("\r\n")).toBe(true);
          expect(on.loginAllowed || next.kind !== "challenge").toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

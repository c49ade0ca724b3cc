import { readdirSync, readFileSync } from "node:fs";
import imapHandler from "emailjs-imap-handler";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64 } from "../../src/wire/base64.ts";
import { CommandReader, type ReaderEvent } from "../../src/wire/imap/command-reader.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { byteByByte, cut, places } from "./pieces.ts";

const CORPUS = new URL("corpus/command-reader/", import.meta.url);
/** More events than any input here has lines. */
const EVENTS_LIMIT = 10_000;

/** Octets that a credential may have, odd ones often. */
const octets = (forbidden: readonly number[], maxLength = 80) =>
  fc
    .array(
      fc
        .oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('"\\{}+ ()%*~\r\n\x7f')))
        .filter((octet) => !forbidden.includes(octet)),
      { maxLength },
    )
    .map((values) => Buffer.from(values));

const inLiteral = octets([0]);
const inQuotes = octets([0, 0x0a, 0x0d]);

type Form = "quoted" | "literal";

function written(form: Form, value: Buffer): Buffer {
  if (form === "literal") return Buffer.concat([Buffer.from(`{${value.length}+}\r\n`), value]);
  const escaped = value.toString("latin1").replace(/["\\]/g, "\\$&");
  return Buffer.from(`"${escaped}"`, "latin1");
}

/** Everything that the reader makes of the pieces; it asks for literals as a session does. */
function read(pieces: readonly Buffer[]): ReaderEvent[] {
  const reader = new CommandReader();
  const events: ReaderEvent[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece));
    for (let event = reader.next(); event; event = reader.next()) {
      events.push(event);
      if (event.kind === "oversize" || event.kind === "foreign") return events;
      if (events.length > EVENTS_LIMIT) throw new Error("the reader does not come to an end");
      if (event.kind === "command" && event.command.kind === "authenticate") reader.expectResponse();
    }
    expect(reader.unread).toBeLessThanOrEqual(LIMITS.commandOctets + 1);
  }
  return events;
}

/** Events with their secrets laid open, to be compared. */
function plain(events: readonly ReaderEvent[]): unknown[] {
  return events.map((event) => {
    if (event.kind !== "command" || event.command.kind !== "login") return event;
    const { user, password } = event.command.credentials;
    return { tag: event.command.tag, user, password: Buffer.from(password.reveal()) };
  });
}

describe("LOGIN keeps every octet", () => {
  const credential = fc.oneof(
    fc.record({ form: fc.constant<Form>("literal"), value: inLiteral }),
    fc.record({ form: fc.constant<Form>("quoted"), value: inQuotes }),
  );

  test("through quoted strings and literals, wherever the network cuts them", () => {
    fc.assert(
      fc.property(credential, credential, places, (user, password, at) => {
        const whole = Buffer.concat([
          Buffer.from("t1 LOGIN "),
          written(user.form, user.value),
          Buffer.from(" "),
          written(password.form, password.value),
          Buffer.from("\r\n"),
        ]);
        const expected = [{ tag: "t1", user: user.value, password: password.value }];
        expect(plain(read(cut(whole, at)))).toEqual(expected);
        expect(plain(read(byteByByte(whole)))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("through literals that are asked for", () => {
    fc.assert(
      fc.property(inLiteral, inLiteral, (user, password) => {
        const reader = new CommandReader();
        reader.push(Buffer.from(`t1 LOGIN {${user.length}}\r\n`));
        expect(reader.next()?.kind).toBe("awaiting");
        reader.push(Buffer.concat([user, Buffer.from(` {${password.length}}\r\n`)]));
        expect(reader.next()?.kind).toBe("awaiting");
        reader.push(Buffer.concat([password, Buffer.from("\r\n")]));
        expect(plain([reader.next() as ReaderEvent])).toEqual([{ tag: "t1", user, password }]);
      }),
    );
  });
});

describe("another parser understands the same", () => {
  const letters = "abcxyzABCXYZ0189.@_-=!#$&',;?^`|/".split("");
  /** It reads NIL, digits with `:` or `,` and some signs in its own way; those are the reason for a lexer of our own. */
  const atom = fc
    .tuple(
      fc.constantFrom("a", "m", "z", "A", "Z"),
      fc.string({ unit: fc.constantFrom(...letters), maxLength: 20 }),
    )
    .map(([first, rest]) => ({ text: first + rest, value: Buffer.from(first + rest) }));
  const quoted = fc
    .string({ unit: "grapheme-ascii", maxLength: 30 })
    .map((text) => Buffer.from(text))
    .map((value) => ({ text: written("quoted", value).toString("latin1"), value }));
  const argument = fc.oneof(atom, quoted);

  test("of every LOGIN within the alphabet where the two agree", () => {
    fc.assert(
      fc.property(argument, argument, (user, password) => {
        const line = `t1 LOGIN ${user.text} ${password.text}`;
        const parsed = imapHandler.parser(Buffer.from(line, "latin1"), { valueAsString: false });
        const values = parsed.attributes?.map((attribute) =>
          attribute !== null && "value" in attribute ? Buffer.from(attribute.value as string) : null,
        );
        expect(values).toEqual([user.value, password.value]);
        expect(plain(read([Buffer.from(`${line}\r\n`, "latin1")]))).toEqual([
          { tag: "t1", user: user.value, password: password.value },
        ]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("whatever comes in", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "a ",
      "LOGIN ",
      "AUTHENTICATE PLAIN ",
      "ID (",
      "NOOP",
      "\r\n",
      "\n",
      "\r",
      '"',
      "\\",
      "{3}",
      "{3+}\r\n",
      "{1024+}\r\n",
      "{1025}",
      "{99999999999999999999}",
      "(",
      ")",
      " ",
      "NIL",
      "\0",
      "+",
      "*",
      "x".repeat(300),
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const garbage = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""), "latin1")),
    fc.uint8Array({ maxLength: 400 }).map((values) => Buffer.from(values)),
  );

  test("nothing is thrown, little is held, and the pieces it came in change nothing", () => {
    fc.assert(
      fc.property(garbage, places, (whole, at) => {
        const atOnce = plain(read([whole]));
        expect(plain(read(cut(whole, at)))).toEqual(atOnce);
        expect(plain(read(byteByByte(whole)))).toEqual(atOnce);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a client that never ends a line or a command is given up", () => {
    for (const [start, more] of [
      ["", "x"],
      ['a LOGIN "', "x"],
      ["a ID ", "("],
      ['a ID ("f" "', "x"],
      ["a LOGIN ", "{1+}\r\nx"],
      ["a LOGIN ", "{6+}\r\n"],
    ] as const) {
      const rest = Array.from({ length: 200 }, () => Buffer.from(more.repeat(1_000 / more.length)));
      expect(read([Buffer.from(start), ...rest]).at(-1)).toMatchObject({ kind: "oversize" });
    }
  });

  test.each(readdirSync(CORPUS))(
    "the saved input %s is read the same way at once and byte by byte",
    (name) => {
      const whole = readFileSync(new URL(name, CORPUS));
      const atOnce = plain(read([whole]));
      expect(atOnce).not.toEqual([]);
      expect(plain(read(byteByByte(whole)))).toEqual(atOnce);
    },
  );
});

test("base64 is accepted exactly where encoding it again gives the same text", () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((values) => Buffer.from(values).toString("base64")),
    fc.string({ unit: fc.constantFrom(..."AZaz09+/=-_ \r".split("")), maxLength: 12 }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const octets = Buffer.from(text, "base64");
      const sound = octets.toString("base64") === text;
      expect(decodeBase64(Buffer.from(text, "latin1"))).toEqual(sound ? octets : null);
    }),
    { numRuns: 2_000 },
  );
});

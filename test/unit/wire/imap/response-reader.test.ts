import { describe, expect, test } from "vitest";
import {
  type ReaderEvent,
  type ReaderLimits,
  ResponseError,
  ResponseReader,
} from "../../../../src/wire/imap/response-reader.ts";

const LIMITS: ReaderLimits = {
  lineOctets: 200,
  responseOctets: 300,
  keptLiteralOctets: 20,
  literalOctets: 1000,
};

const LARGE = `(${"x".repeat(58)})`;
const TRANSCRIPT = [
  "* OK ready {5}\r\n",
  '* LIST () "/" {4}\r\na b)\r\n',
  `* 1 FETCH (UID 7 BODY[] {${LARGE.length}}\r\n${LARGE} FLAGS ())\r\n`,
  "* 2 FETCH (UID 8 BODY[] {0}\r\n X ~{3}\r\n\0\r\n)\n",
  "+ go on\r\n",
  "a1 NO [X] {9}\r\n",
].join("");

/** What the reader makes of these pieces, in words; pieces of a literal joined. */
function read(pieces: readonly Buffer[], limits = LIMITS): string[] {
  const reader = new ResponseReader(limits);
  const words: string[] = [];
  let literal = "";
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === "literal-piece") literal += event.piece.toString("latin1");
      else {
        if (event.kind === "literal-end") words.push(`pieces ${literal}`);
        words.push(describeEvent(event));
      }
    }
  }
  return words;
}

function describeEvent(event: ReaderEvent): string {
  if (event.kind === "literal-end" || event.kind === "literal-piece") return event.kind;
  const parts = event.parts.map((part) =>
    part.kind === "streamed" ? `<${part.size}>` : `${part.kind[0]}:${part.octets.toString("latin1")}`,
  );
  return `${event.kind} ${parts.join("|")}`;
}

const EXPECTED = [
  "response t:* OK ready {5}",
  'response t:* LIST () "/" |l:a b)|t:',
  "literal-start t:* 1 FETCH (UID 7 BODY[] ",
  `pieces ${LARGE}`,
  "literal-end",
  "response t:* 1 FETCH (UID 7 BODY[] |<60>|t: FLAGS ())",
  "response t:* 2 FETCH (UID 8 BODY[] |l:|t: X |l:\0\r\n|t:)",
  "response t:+ go on",
  "response t:a1 NO [X] {9}",
];

describe("the reader", () => {
  const octets = Buffer.from(TRANSCRIPT, "latin1");

  test("cuts a transcript into responses", () => {
    expect(read([octets])).toEqual(EXPECTED);
  });

  test("gives the same, octet by octet and split at every place", () => {
    expect(read([...octets].map((octet) => Buffer.from([octet])))).toEqual(EXPECTED);
    for (let at = 1; at < octets.length; at += 1) {
      expect(read([octets.subarray(0, at), octets.subarray(at)])).toEqual(EXPECTED);
    }
  });

  test("gives back exactly what nobody has taken, half a response with its literal included", () => {
    const reader = new ResponseReader(LIMITS);
    const rest = '* LIST () "/" {4}\r\na b)\r\n* 3 EXISTS\r\n';
    for (let at = 0; at <= rest.length; at += 1) {
      reader.push(Buffer.from(`a1 OK\r\n${rest.slice(0, at)}`));
      expect(reader.next()?.kind).toBe("response");
      // Up to the end of the LIST response there is nothing to take; behind it nobody asks.
      const next = at < rest.indexOf("* 3") ? reader.next() : undefined;
      expect(next).toBeUndefined();
      expect(reader.takeRest().toString()).toBe(rest.slice(0, at));
    }
  });
});

describe("a hostile server", () => {
  test.each([
    ["a line without an end", "* OK ".padEnd(200, "x")],
    ["a line that is too long", `${"* OK ".padEnd(200, "x")}\r\n`],
    ["a literal that is too long", "* X {1001}\r\n"],
    ["a size of many digits", `* X {${"9".repeat(40)}}\r\n`],
    ["many small literals in one response", `* X ${"{20}\r\n01234567890123456789 ".repeat(20)}`],
  ])("is stopped at %s", (_what, text) => {
    expect(() => read([Buffer.from(text)])).toThrow(ResponseError);
    const octets = [...Buffer.from(text)].map((octet) => Buffer.from([octet]));
    expect(() => read(octets)).toThrow(ResponseError);
  });

  test("cannot make a literal out of what is no size", () => {
    for (const text of ["* X {}", "* X {-1}", "* X {1 }", "* X 1}", "* X {+}", "* X {1++}"]) {
      expect(read([Buffer.from(`${text}\r\n`)])).toEqual([`response t:${text}`]);
    }
  });
});

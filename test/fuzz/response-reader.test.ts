import imapHandler from "emailjs-imap-handler";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseResponse, type Response } from "../../src/wire/imap/response.ts";
import { type ReaderLimits, ResponseError, ResponseReader } from "../../src/wire/imap/response-reader.ts";
import { readValues, type Value } from "../../src/wire/imap/value.ts";

const LIMITS: ReaderLimits = {
  lineOctets: 4_000,
  responseOctets: 8_000,
  keptLiteralOctets: 64,
  literalOctets: 100_000,
};

type Tree = string | Buffer | { readonly literal: Buffer } | readonly Tree[];

const atom = fc.stringMatching(/^[A-Za-z\\$][A-Za-z0-9.$-]{0,12}$/).filter((word) => !/^nil$/i.test(word));
const quoted = fc
  .uint8Array({ maxLength: 20 })
  .map((octets) => Buffer.from(octets.filter((octet) => ![0, 10, 13].includes(octet))));
const literal = fc.uint8Array({ maxLength: 120 }).map((octets) => ({ literal: Buffer.from(octets) }));
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof({ depthSize: "small" }, atom, quoted, literal, fc.array(tie("tree"), { maxLength: 4 })),
}));
const response = fc.array(tree, { minLength: 1, maxLength: 6 });

function encode(trees: readonly Tree[]): Buffer {
  const pieces = trees.flatMap((item, i) => [Buffer.from(i === 0 ? "" : " "), encodeOne(item)]);
  return Buffer.concat(pieces);
}

function encodeOne(item: Tree): Buffer {
  if (typeof item === "string") return Buffer.from(item);
  if (Buffer.isBuffer(item))
    return Buffer.from(`"${item.toString("latin1").replace(/["\\]/g, "\\$&")}"`, "latin1");
  if ("literal" in item) return Buffer.concat([Buffer.from(`{${item.literal.length}}\r\n`), item.literal]);
  return Buffer.concat([Buffer.from("("), encode(item), Buffer.from(")")]);
}

/** Tree and values in one form; a literal too large to be kept is only known by its size. */
function plainTree(item: Tree): unknown {
  if (typeof item === "string") return item;
  if (Buffer.isBuffer(item)) return { octets: item.toString("hex") };
  if ("literal" in item) {
    const kept = item.literal.length <= LIMITS.keptLiteralOctets;
    return kept ? { octets: item.literal.toString("hex") } : { size: item.literal.length };
  }
  return item.map(plainTree);
}

function plainValue(value: Value): unknown {
  switch (value.kind) {
    case "atom":
      return value.text;
    case "string":
      return { octets: value.octets.toString("hex") };
    case "streamed":
      return { size: value.size };
    case "list":
      return value.items.map(plainValue);
  }
}

/** Cuts octets at the given places, modulo their number. */
function cut(octets: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  return at.slice(1).map((end, i) => octets.subarray(at[i], end));
}

/** Reads everything; also gives back the pieces of large literals, joined. */
function readAll(pieces: readonly Buffer[], limits = LIMITS): { responses: Response[]; streamed: Buffer } {
  const reader = new ResponseReader(limits);
  const responses: Response[] = [];
  const streamed: Buffer[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === "response") responses.push(parseResponse(event.parts));
      if (event.kind === "literal-piece") streamed.push(event.piece);
    }
  }
  return { responses, streamed: Buffer.concat(streamed) };
}

function largeOf(item: Tree): Buffer[] {
  if (typeof item === "string" || Buffer.isBuffer(item)) return [];
  if ("literal" in item) return item.literal.length > LIMITS.keptLiteralOctets ? [item.literal] : [];
  return item.flatMap(largeOf);
}

const line = (body: Buffer) => Buffer.concat([Buffer.from("* 12 X "), body, Buffer.from("\r\n")]);

test("whatever a server can say comes out as it was said, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.array(response, { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (all, places) => {
        const octets = Buffer.concat(all.map((trees) => line(encode(trees))));
        const { responses, streamed } = readAll(cut(octets, places));
        const values = responses.map((said) =>
          said.kind === "data" ? readValues(said.rest).map(plainValue) : said,
        );
        expect(values).toEqual(all.map((trees) => trees.map(plainTree)));
        expect(streamed).toEqual(Buffer.concat(all.flat().flatMap(largeOf)));
      },
    ),
    { numRuns: 1_000 },
  );
});

function readEverything(pieces: readonly Buffer[]): void {
  for (const said of readAll(pieces).responses) if (said.kind === "data") readValues(said.rest);
}

/** What `work` throws; `undefined` when it does not. */
function thrownBy(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("whatever octets come, nothing but a ResponseError is thrown", () => {
  const letters = fc.constantFrom(
    "* ",
    "+ ",
    "a1 OK ",
    "(",
    ")",
    '"',
    "\\",
    "{3}\r\n",
    "{70}\r\n",
    "{9999999999}\r\n",
    "\r\n",
    "\n",
    "\0",
    "FETCH ",
    "BODY[",
    "]",
    "NIL ",
    "[X ",
    "é",
  );
  const noise = fc
    .array(fc.oneof(letters, fc.string()), { maxLength: 60 })
    .map((words) => Buffer.from(words.join(""), "latin1"));
  fc.assert(
    fc.property(noise, fc.array(fc.nat(), { maxLength: 10 }), (octets, places) => {
      expect(thrownBy(() => readEverything(cut(octets, places))) ?? new ResponseError("")).toBeInstanceOf(
        ResponseError,
      );
    }),
    { numRuns: 3_000 },
  );
});

test("what was not taken can always be given back octet for octet", () => {
  fc.assert(
    fc.property(response, fc.nat(), (trees, place) => {
      const octets = line(encode(trees));
      const reader = new ResponseReader({ ...LIMITS, keptLiteralOctets: 200 });
      const part = octets.subarray(0, place % octets.length);
      reader.push(part);
      expect(reader.next()).toBeUndefined();
      expect(reader.takeRest()).toEqual(part);
    }),
  );
});

/** An independent parser's values. */
interface OtherToken {
  readonly type: "ATOM" | "STRING" | "LITERAL";
  readonly value: string | Uint8Array;
}
type OtherValue = OtherToken | null | readonly OtherValue[];

function plainOther(value: OtherValue): unknown {
  if (value === null) return "NIL";
  if (!("type" in value)) return value.map(plainOther);
  if (value.type === "ATOM") return String(value.value);
  return { octets: Buffer.from(value.value as Uint8Array).toString("hex") };
}

test("an independent parser reads the same values", () => {
  // It keeps every literal, so ours does too.
  fc.assert(
    fc.property(response, (trees) => {
      const octets = line(encode(trees));
      const other = imapHandler.parser(octets.subarray(0, -2), { valueAsString: false }) as unknown as {
        attributes: OtherValue[];
      };
      const { responses } = readAll([octets], { ...LIMITS, keptLiteralOctets: 1_000 });
      const ours = responses.map((said) =>
        said.kind === "data" ? readValues(said.rest).map(plainValue) : said,
      );
      expect([other.attributes.slice(1).map(plainOther)]).toEqual(ours);
    }),
    { numRuns: 500 },
  );
});

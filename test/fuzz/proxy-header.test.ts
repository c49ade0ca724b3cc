import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressText } from "../../src/model/ip.ts";
import { ProxyHeaderReader, type ProxyRead, proxyHeader } from "../../src/wire/proxy-protocol.ts";

const CORPUS = new URL("corpus/proxy-header/", import.meta.url);
const LONGEST = 4_096;

/** What a reader makes of octets that come in pieces; it is asked no more once it has decided. */
function read(pieces: readonly Buffer[]): ProxyRead {
  const reader = new ProxyHeaderReader();
  for (const [at, piece] of pieces.entries()) {
    const said = reader.push(piece);
    if (said.kind === "bad") return said;
    if (said.kind === "header") return { ...said, rest: Buffer.concat([said.rest, ...pieces.slice(at + 1)]) };
  }
  return { kind: "more" };
}

const bytewise = (octets: Buffer) => [...octets].map((octet) => Buffer.of(octet));

function cut(octets: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  return at.slice(1).map((end, index) => octets.subarray(at[index], end));
}

const withoutComplaint = (said: ProxyRead) => (said.kind === "bad" ? { kind: "bad" } : said);

/** The same however it is split, but for the complaint: what is missing at one octet shows at another. */
function expectSameInAnySplit(octets: Buffer, places: readonly number[]): ProxyRead {
  const whole = read([octets]);
  for (const pieces of [bytewise(octets), cut(octets, places)]) {
    const said = read(pieces);
    expect(withoutComplaint(said)).toEqual(withoutComplaint(whole));
  }
  return whole;
}

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((octets) => addressText(Buffer.from(octets)));
const ipv6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((octets) => addressText(Buffer.from(octets)));
const port = fc.integer({ min: 0, max: 65_535 });
const places = fc.array(fc.nat({ max: LONGEST }), { maxLength: 6 });
const behind = fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets));

describe("a PROXY header", () => {
  test("that we write is read as it was meant, with exactly what comes behind it", () => {
    fc.assert(
      fc.property(
        fc.oneof(ipv4, ipv6),
        port,
        fc.oneof(ipv4, ipv6),
        behind,
        places,
        (from, at, to, rest, split) => {
          fc.pre(!/^::ffff:\d+\./.test(from));
          const header = proxyHeader({ address: from, port: at }, { address: to, port: 143 });
          const said = expectSameInAnySplit(Buffer.concat([header, rest]), split);
          // Between two families an IPv4 client stands inside IPv6 (HAProxy does the same).
          const isMapped = !from.includes(":") && to.includes(":") && !/^::ffff:\d+\./.test(to);
          expect(said).toEqual({
            kind: "header",
            client: { address: isMapped ? `::ffff:${from}` : from, port: at },
            rest,
          });
        },
      ),
    );
  });

  test("of version 1 is read as it was meant", () => {
    fc.assert(
      fc.property(ipv4, port, ipv4, port, behind, places, (from, at, to, toPort, rest, split) => {
        const line = Buffer.from(`PROXY TCP4 ${from} ${to} ${at} ${toPort}\r\n`);
        const said = expectSameInAnySplit(Buffer.concat([line, rest]), split);
        expect(said).toEqual({ kind: "header", client: { address: from, port: at }, rest });
      }),
    );
  });

  test("made of any octets is decided within its bound, the same in any split", () => {
    const beginnings = [
      "",
      "PROXY ",
      "PROXY TCP4 ",
      "PROXY UNKNOWN",
      "\r\n\r\n\0\r\nQUIT\n",
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), behind, places, (beginning, octets, split) => {
        expectSameInAnySplit(Buffer.concat([Buffer.from(beginning, "latin1"), octets]), split);
      }),
    );
    for (const beginning of beginnings)
      for (const octet of [0x00, 0x20, 0xff]) {
        const endless = Buffer.concat([Buffer.from(beginning, "latin1"), Buffer.alloc(LONGEST, octet)]);
        expect(read(bytewise(endless)).kind).not.toBe("more");
      }
  });

  test.each(readdirSync(CORPUS))("of the corpus (%s) is what its name says", (name) => {
    const said = expectSameInAnySplit(readFileSync(new URL(name, CORPUS)), [3, 12, 17]);
    const rest = name.includes("tls") ? "\x16\x03\x01" : "a NOOP\r\n";
    const expected = { kind: "header", rest: Buffer.from(rest) };
    expect(said).toMatchObject(name.startsWith("bad-") ? { kind: "bad" } : expected);
  });
});

import { expect, test } from "vitest";
import { InvariantError } from "../../../../src/kit/invariant.ts";
import { astring, base64, quoted } from "../../../../src/wire/imap/encode.ts";

test("printable ASCII is quoted, everything else becomes a literal with the same octets", () => {
  const quoted = (word: string) => {
    const argument = astring(Buffer.from(word, "latin1"));
    return Buffer.isBuffer(argument) ? argument.toString("latin1") : argument;
  };
  expect(quoted("NIL")).toBe('"NIL"');
  expect(quoted('a "b" \\c')).toBe('"a \\"b\\" \\\\c"');
  expect(quoted("")).toBe('""');
  for (const word of ["\xfc", "a\r\nb", "\x7f", "\t"]) {
    const octets = Buffer.from(word, "latin1");
    expect(astring(octets)).toEqual({ literal: octets });
  }
});

test("base64 is that of Node, for every length", () => {
  const octets = Buffer.from(Array.from({ length: 260 }, (_, i) => (i * 7) & 255));
  for (let length = 0; length < octets.length; length += 1) {
    const part = octets.subarray(0, length);
    expect(base64(part).toString("latin1")).toBe(part.toString("base64"));
  }
});

test("printable text is quoted as a string, and nothing that would be another command", () => {
  expect(quoted('a "b" \\c')).toBe('"a \\"b\\" \\\\c"');
  for (const text of ["a\r\nb", "\u00e9", "\u0000"]) expect(() => quoted(text)).toThrow(InvariantError);
});

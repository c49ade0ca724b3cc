import { describe, expect, test } from "vitest";
import { decodeBase64 } from "../../../src/wire/base64.ts";

const decode = (text: string) => decodeBase64(Buffer.from(text, "latin1"));

describe("base64", () => {
  test("gives back what an encoder wrote, for every length of remainder", () => {
    for (const text of ["", "a", "ab", "abc", "abcd", "\0\xff\xfe\x80"]) {
      const octets = Buffer.from(text, "latin1");
      expect(decode(octets.toString("base64"))).toEqual(octets);
    }
  });

  test.each([
    ["padding that is missing", "YQ"],
    ["padding that is too much", "YQ==="],
    ["padding alone", "===="],
    ["padding in the middle", "YQ==YQ=="],
    ["bits set behind the last octet", "YR=="],
    ["the letters of file names", "-_-_"],
    ["a space", "YW Jj"],
    ["a line end", "YWJj\r\n"],
    ["a NUL", "YWJ\0"],
    ["an octet beyond ASCII", "YWJ\xe9"],
  ])("refuses %s", (_what, text) => {
    expect(decode(text)).toBeNull();
  });
});

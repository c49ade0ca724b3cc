import { describe, expect, test } from "vitest";
import { literalMark } from "../../../src/wire/literal-mark.ts";

describe("a literal's mark", () => {
  test.each([
    ["a LOGIN {5}", { at: 8, octets: 5, comesUnasked: false }],
    ["{12+}", { at: 0, octets: 12, comesUnasked: true }],
    ["{007+}", { at: 0, octets: 7, comesUnasked: true }],
  ])("is found at the end of %s", (line, mark) => {
    expect(literalMark(Buffer.from(line))).toEqual(mark);
  });

  test.each(["{5} ", "{}", "{+}", "5}", "{5++}", "{-5}", "x", ""])("is not found in %s", (line) => {
    expect(literalMark(Buffer.from(line))).toBeNull();
  });

  test("has a number however many digits there are", () => {
    expect(literalMark(Buffer.from(`{${"0".repeat(400)}3}`))?.octets).toBe(3);
    expect(literalMark(Buffer.from(`{${"0".repeat(400)}}`))?.octets).toBe(0);
    expect(literalMark(Buffer.from(`{${"9".repeat(400)}}`))?.octets).toBe(Number.POSITIVE_INFINITY);
  });
});

import { describe, expect, test } from "vitest";
import { codeNumber, parseResponse, type Response, wordsOf } from "../../../../src/wire/imap/response.ts";
import { type Part, ResponseError } from "../../../../src/wire/imap/response-reader.ts";
import { itemsOf, numberOf, pairsOf, readValues, textOf } from "../../../../src/wire/imap/value.ts";

function text(line: string): Part {
  return { kind: "text", octets: Buffer.from(line, "latin1") };
}

function parse(line: string): Response {
  return parseResponse([text(line)]);
}

/** The items of a line, printed with marks: `'…'` strings, `(…)` lists. */
function values(line: string): string {
  return JSON.stringify(readValues([text(line)]).map(plain));
}

function plain(value: ReturnType<typeof readValues>[number]): unknown {
  if (value.kind === "list") return itemsOf(value).map(plain);
  return value.kind === "string" ? `'${textOf(value)}'` : textOf(value);
}

describe("responses", () => {
  test.each([
    ["a1 OK done", { kind: "tagged", tag: "a1", status: "OK", code: null, text: "done" }],
    ["a1 no", { kind: "tagged", status: "NO", code: null, text: "" }],
    ["a1 OK [APPENDUID 7 12] ok", { code: { name: "APPENDUID", text: "7 12" }, text: "ok" }],
    ["a1 OK [appenduid 7 12]", { code: { name: "APPENDUID", text: "7 12" }, text: "" }],
    ["a1 NO [ALERT] [no code]", { code: { name: "ALERT", text: "" }, text: "[no code]" }],
    ["a1 NO [half", { code: null, text: "[half" }],
    [
      "* OK [PERMANENTFLAGS (\\Seen a]b \\*)] x",
      { code: { name: "PERMANENTFLAGS", text: "(\\Seen a]b \\*)" } },
    ],
    ["* BYE gr\xc3\xbc\xc3\x9fe", { kind: "status", status: "BYE", text: "grüße" }],
    ["* PREAUTH", { kind: "status", status: "PREAUTH" }],
    ["* 12 exists", { kind: "data", number: 12, name: "EXISTS" }],
    ["* SEARCH", { kind: "data", number: null, name: "SEARCH" }],
    ["* OKAY x", { kind: "data", name: "OKAY" }],
    ["+ go", { kind: "continuation", text: "go" }],
    ["+", { kind: "continuation", text: "" }],
  ])("%s", (line, expected) => {
    expect(parse(line)).toMatchObject(expected);
  });

  test.each(["", "*", "a1", "a1 MAYBE", "OK", "* (", " * OK"])("%j is none", (line) => {
    expect(() => parse(line)).toThrow(ResponseError);
  });

  test("codes give their words and numbers", () => {
    expect(wordsOf({ name: "PERMANENTFLAGS", text: "(\\Seen  \\*)" })).toEqual(["\\Seen", "\\*"]);
    expect(codeNumber({ name: "UIDNEXT", text: "4294967295" })).toBe(4_294_967_295);
    expect(codeNumber({ name: "UIDNEXT", text: "x" })).toBeNull();
  });
});

describe("values", () => {
  test.each([
    ['(\\HasNoChildren) "/" "a \\"b\\" \\\\c"', `[["\\\\HasNoChildren"],"'/'","'a \\"b\\" \\\\c'"]`],
    ["NIL (nil) ()", "[null,[null],[]]"],
    ["UID 7 BODY[HEADER.FIELDS (A B)]<0> x", '["UID","7","BODY[HEADER.FIELDS (A B)]<0>","x"]'],
    ["a[b c]d", '["a[b","c]d"]'],
    ["[Gmail]/Sent", '["[Gmail]/Sent"]'],
    ['a"b', '["a\\"b"]'],
    ["((((a))))", '[[[[["a"]]]]]'],
    ['"\xfc"', `["'ü'"]`],
  ])("%s", (line, expected) => {
    expect(values(line)).toBe(expected);
  });

  test.each([["("], [")"], ["(()"], ['"open'], ['"open\\"'], ["(".repeat(40) + ")".repeat(40)]])(
    "%s is refused",
    (line) => {
      expect(() => values(line)).toThrow(ResponseError);
    },
  );

  test("a response that is cut short by a large literal shows what has come", () => {
    const [list] = readValues([text("(UID 7 BODY[] ")], { unfinished: true });
    expect(numberOf(pairsOf(list).get("UID"))).toBe(7);
    expect(textOf(itemsOf(list).at(-1))).toBe("BODY[]");
  });

  test("literals stand among the words with their octets", () => {
    const parts: Part[] = [
      text("(A "),
      { kind: "literal", octets: Buffer.from(") (") },
      text(" B "),
      { kind: "streamed", size: 9 },
      text(")"),
    ];
    const pairs = pairsOf(readValues(parts)[0]);
    expect(textOf(pairs.get("A"))).toBe(") (");
    expect(pairs.get("B")).toEqual({ kind: "streamed", size: 9 });
  });

  test("only plain decimal numbers are numbers", () => {
    const numbers = ["7", "007", "-1", "1e3", "", "9".repeat(16)].map((word) =>
      numberOf({ kind: "atom", text: word }),
    );
    expect(numbers).toEqual([7, 7, null, null, null, null]);
  });
});

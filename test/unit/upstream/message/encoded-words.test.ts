import { describe, expect, test } from "vitest";
import { decodedHeader, encodedWords } from "../../../../src/upstream/message/encoded-words.ts";

describe("a header's value as text", () => {
  test.each([
    ["plain", "plain"],
    ["=?iso-8859-1?Q?Caff=E8_e_t=E8?= oggi", "Caffè e tè oggi"],
    ["=?UTF-8?B?w6g=?= =?UTF-8?B?w6k=?=", "èé"],
    ["=?utf-8?B?w?= =?utf-8?Q?=C3?= =?utf-8?Q?=A8?=", "è"],
    ["=?utf-8*it?q?s=C3=AC?=", "sì"],
    ["=?koi8-r?B?8NLJ18XU?= =?iso-8859-1?Q?=E8?=", "Приветè"],
    ["=?nobody-knows?Q?x?=", "=?nobody-knows?Q?x?="],
    ["caff\xc3\xa8", "caffè"],
    ["caff\xe8", "caffè"],
  ])("%s", (value, text) => {
    expect(decodedHeader(value)).toBe(text);
  });

  test("comes back from its encoded words, none of which is longer than 75 characters", () => {
    const text = "Perché no? 🎉 ".repeat(20).trim();
    const words = encodedWords(text);
    expect(words.length).toBeGreaterThan(1);
    expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(75);
    expect(decodedHeader(words.join("\r\n "))).toBe(text);
    expect(decodedHeader(encodedWords("=?no?Q?word?=").join(" "))).toBe("=?no?Q?word?=");
  });
});

import { expect, test } from "vitest";
import { printable } from "../../../src/kit/text.ts";

test("a remote server's words do nothing to a terminal or to the order in which they are read", () => {
  expect(printable("Grüße, メール 📬 שלום")).toBe("Grüße, メール 📬 שלום");
  expect(printable("a\x1b[2J\x07\x9b31m\r\nb\0\x7f")).toBe("a?[2J??31m??b??");
  expect(printable("pay \u202egnp.exe\u2066x\u2069 a\u2028b\u2029c\u200fd")).toBe("pay ?gnp.exe?x? a?b?c?d");
});

test("long words are cut", () => {
  expect(printable("x".repeat(10), 4)).toBe("xxxx…");
});

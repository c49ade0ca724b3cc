import { expect, test } from "vitest";
import { CANARY, hasCanary } from "../kit/canary.ts";

test.each([
  ["in clear", CANARY],
  ["in hexadecimal", Buffer.from(`x${CANARY}y`).toString("hex")],
  ...["", "a", "ab", "abc"].map((before): [string, string] => [
    `in base64 behind ${before.length} octets`,
    Buffer.from(`${before}${CANARY}zz`).toString("base64"),
  ]),
])("a leaked canary is found %s", (_form, text) => {
  expect(hasCanary(`log line ${text} goes on`)).toBe(true);
});

test("a text without the canary is not taken for one", () => {
  expect(hasCanary(`log line kanarie ${Buffer.from("kanarie").toString("base64")}`)).toBe(false);
});

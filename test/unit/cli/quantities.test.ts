import { expect, test } from "vitest";
import { durationText, shareText, sizeText, timeLeftText } from "../../../src/cli/quantities.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 KB"],
  [99_940, "99.9 KB"],
  [99_950, "100 KB"],
  [999_600, "1.0 MB"],
  [12_345_678, "12.3 MB"],
  [5e15, "5000 TB"],
])("%i octets are written %s", (octets, text) => {
  expect(sizeText(octets)).toBe(text);
});

test("a share is written in the unit of the whole, and is never more than that", () => {
  expect(shareText(500_000, 12_000_000)).toBe("0.5/12.0 MB");
  expect(shareText(13_000_000, 12_000_000)).toBe("12.0/12.0 MB");
  expect(shareText(0, 0)).toBe("0/0 B");
});

test.each([
  [0, "1 s"],
  [0.2, "1 s"],
  [44.1, "45 s"],
  [56, "1:00"],
  [181, "3:05"],
  [597, "10:00"],
  [601, "11 min"],
  [3_599, "1 h 00 min"],
  [7_500, "2 h 05 min"],
  [200_000, "3 days"],
])("%d seconds that are left are written %s", (seconds, text) => {
  expect(timeLeftText(seconds)).toBe(text);
});

test.each([
  [0, "0 s"],
  [59.9, "59 s"],
  [185, "3 min 05 s"],
  [3_599, "59 min 59 s"],
  [7_500, "2 h 05 min"],
  [3 * 86_400 + 4 * 3_600 + 59, "3 days 4 h"],
])("%d seconds have lasted %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

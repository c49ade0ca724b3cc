import { expect, test } from "vitest";
import { instantOf } from "../../../src/copy/internal-date.ts";

test.each([
  ["17-Jul-1996 02:44:25 -0700", "1996-07-17T09:44:25Z"],
  [" 7-Jul-1996 11:44:25 +0200", "1996-07-07T09:44:25Z"],
  ["7-JUL-1996 11:44:25 +0200", "1996-07-07T09:44:25Z"],
  ["31-dec-1969 23:30:00 -0030", "1970-01-01T00:00:00Z"],
  ["29-Feb-2024 23:59:60 +0000", "2024-03-01T00:00:00Z"],
])("the date %j is the same instant in every zone", (date, instant) => {
  expect(instantOf(date)).toBe(Date.parse(instant) / 1000);
});

test.each([
  "yesterday",
  "",
  "17-Jul-1996 02:44:25",
  "17-Jux-1996 02:44:25 -0700",
  "1x-Jul-1996 02:44:25 -0700",
  "17-Jul-1996 02:44:2x -0700",
  "17-Jul-1996 02:44:25 *0700",
  "17-Jul-1996 02.44.25 -0700",
  "117-Jul-1996 02:44:25 -0700",
  "17-Jul-1996 02:44:25 -0700 ",
])("%j is no date, and counts as 0", (text) => {
  expect(instantOf(text)).toBe(0);
});

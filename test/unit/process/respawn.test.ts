import { expect, test } from "vitest";
import { Respawn } from "../../../src/process/respawn.ts";

/** In the middle of its spread. */
const MIDDLE = 0.5;

test("the first death is mended at once, further ones later and later, half a minute at most", () => {
  const respawn = new Respawn();
  const waits = Array.from({ length: 10 }, () => respawn.waitMs(0, MIDDLE));
  expect(waits).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test("a process that had run for a while is replaced at once again", () => {
  const respawn = new Respawn();
  for (const ranMs of [0, 0, 9_999]) respawn.waitMs(ranMs, MIDDLE);
  expect(respawn.waitMs(10_000, MIDDLE)).toBe(0);
  expect(respawn.waitMs(0, MIDDLE)).toBe(500);
});

import { expect, test } from "vitest";
import { afterRefusalTook, NO_REFUSALS } from "../../../src/model/refusal-pace.ts";

/** After which of these refusals, in milliseconds, the server is found to hold us back. */
function brakesAfter(...took: readonly number[]): number[] {
  let pace = NO_REFUSALS;
  return took.flatMap((ms, at) => {
    const next = afterRefusalTook(pace, ms);
    pace = next.pace;
    return next.isBraking ? [at] : [];
  });
}

test("a server whose refusals take far longer than at its best holds us back", () => {
  expect(brakesAfter(2_000, 2_010, 4_000, 6_000, 10_000, 17_000, 17_000, 17_000)).toEqual([5, 7]);
});

test("one slow refusal, or a server that is always slow, does not", () => {
  expect(brakesAfter(50, 20_000, 50, 20_000, 50)).toEqual([]);
  expect(brakesAfter(15_000, 17_000, 15_000, 20_000)).toEqual([]);
});

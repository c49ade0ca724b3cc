import { expect, test } from "vitest";
import { areAlike, kolmogorovSmirnov, quartiles } from "../../../bench/refusals/statistics.ts";

const even = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

test("quartiles lie where a quarter, a half and three quarters of the samples end", () => {
  expect(quartiles([5, 1, 3, 2, 4])).toEqual({ lower: 2, median: 3, upper: 4 });
  expect(quartiles([1, 2, 3, 4])).toEqual({ lower: 1.75, median: 2.5, upper: 3.25 });
});

test("samples of one distribution are alike, and those of two that lie apart are not", () => {
  const same = kolmogorovSmirnov(even(50), even(50, 0.5));
  expect(same.distance).toBeCloseTo(0.02);
  expect(areAlike(same)).toBe(true);
  const apart = kolmogorovSmirnov(even(50), even(50, 1_000));
  expect(apart.distance).toBe(1);
  expect(areAlike(apart)).toBe(false);
});

test("the probability is that of published tables", () => {
  // D = 1.36 √((n+m)/nm) is the critical value at 5 %, 1.63 √… that at 1 %.
  const shifted = (by: number) => kolmogorovSmirnov(even(1_000), even(1_000, by)).probability;
  expect(shifted(61)).toBeCloseTo(0.05, 2);
  expect(shifted(73)).toBeCloseTo(0.01, 2);
});

test("equal values in both samples are no distance", () => {
  expect(kolmogorovSmirnov([1, 1, 2, 2], [1, 1, 2, 2]).distance).toBe(0);
});

import { expect, test } from "vitest";
import { Remembering } from "../../../src/kit/remembering.ts";

function counted(limit: number) {
  const made: string[] = [];
  const remembering = new Remembering((text: string) => {
    made.push(text);
    return { text };
  }, limit);
  return { made, remembering };
}

test("what was made of a text is made once, and shared", () => {
  const { made, remembering } = counted(2);
  expect(remembering.of("a")).toBe(remembering.of("a"));
  expect(remembering.of("b")).toEqual({ text: "b" });
  expect(made).toEqual(["a", "b"]);
});

test("no more results are kept than it may keep, and none of a text that is very long", () => {
  const { made, remembering } = counted(2);
  for (const text of ["a", "b", "c", "c", "a"]) remembering.of(text);
  expect(made).toEqual(["a", "b", "c", "a"]);
  const long = "x".repeat(5_000);
  expect(remembering.of(long)).not.toBe(remembering.of(long));
});

import { expect, test } from "vitest";
import { Presence } from "../../../src/process/presence.ts";

test("sessions are counted by account over all processes", () => {
  const presence = new Presence<string>();
  presence.opened("one", "anna@x.test");
  presence.opened("one", "anna@x.test");
  presence.opened("two", "anna@x.test");
  presence.opened("two", "bruno@x.test");
  expect(presence.all()).toEqual([
    ["anna@x.test", 3],
    ["bruno@x.test", 1],
  ]);
  expect(presence.closed("one", "anna@x.test")).toBe(true);
  expect(presence.closed("two", "bruno@x.test")).toBe(true);
  expect(presence.all()).toEqual([["anna@x.test", 2]]);
});

test("what a dead process had open is told once, and belongs to nobody afterwards", () => {
  const presence = new Presence<string>();
  presence.opened("one", "anna@x.test");
  presence.opened("one", "anna@x.test");
  presence.opened("two", "anna@x.test");
  expect(presence.gone("one")).toEqual([["anna@x.test", 2]]);
  expect(presence.gone("one")).toEqual([]);
  expect(presence.all()).toEqual([["anna@x.test", 1]]);
});

test("a session that was never opened cannot be closed", () => {
  const presence = new Presence<string>();
  expect(presence.closed("one", "anna@x.test")).toBe(false);
  presence.opened("two", "anna@x.test");
  expect(presence.closed("one", "anna@x.test")).toBe(false);
  expect(presence.all()).toEqual([["anna@x.test", 1]]);
});

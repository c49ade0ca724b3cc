import { describe, expect, it } from "vitest";
import { isNight, limitsAt, type NightProfile } from "../../../src/model/night.ts";

const DAY = { connectionsPerSource: 8, bytesPerSecond: 1_000_000 };

function night(changes: Partial<NightProfile> = {}): NightProfile {
  return {
    fromMinute: 22 * 60,
    toMinute: 6 * 60,
    timeZone: "Europe/Rome",
    connectionsPerSource: 16,
    bytesPerSecond: "as by day",
    ...changes,
  };
}

const at = (iso: string) => Date.parse(iso);

describe("the night", () => {
  it.each([
    // Rome is at +01:00 in winter.
    ["2026-01-10T20:59:59Z", false],
    ["2026-01-10T21:00:00Z", true],
    ["2026-01-10T23:30:00Z", true],
    ["2026-01-11T04:59:59Z", true],
    ["2026-01-11T05:00:00Z", false],
    // And at +02:00 in summer.
    ["2026-07-10T19:59:59Z", false],
    ["2026-07-10T20:00:00Z", true],
    ["2026-07-11T04:00:00Z", false],
  ])("spans midnight by the clock on the wall: %s is %s", (time, expected) => {
    expect(isNight(night(), at(time))).toBe(expected);
  });

  it("lies within a day when it begins before it ends", () => {
    const lunch = night({ fromMinute: 12 * 60, toMinute: 13 * 60 + 30, timeZone: "UTC" });
    expect(isNight(lunch, at("2026-01-10T12:00:00Z"))).toBe(true);
    expect(isNight(lunch, at("2026-01-10T13:29:00Z"))).toBe(true);
    expect(isNight(lunch, at("2026-01-10T13:30:00Z"))).toBe(false);
    expect(isNight(lunch, at("2026-01-10T03:00:00Z"))).toBe(false);
  });

  it("is an hour shorter when the clocks go forward, and an hour longer when they go back", () => {
    const minutesOfNight = (fromIso: string) =>
      Array.from({ length: 24 * 60 }, (_, minute) => at(fromIso) + minute * 60_000).filter((time) =>
        isNight(night(), time),
      ).length;
    // In Rome the clocks change in the nights to 29 March and to 25 October 2026.
    expect(minutesOfNight("2026-03-28T12:00:00Z")).toBe(7 * 60);
    expect(minutesOfNight("2026-10-24T12:00:00Z")).toBe(9 * 60);
    expect(minutesOfNight("2026-05-01T12:00:00Z")).toBe(8 * 60);
  });

  it("begins an hour late where its first hour does not come", () => {
    const early = night({ fromMinute: 2 * 60 + 15, toMinute: 4 * 60 });
    expect(isNight(early, at("2026-03-29T00:59:00Z"))).toBe(false);
    expect(isNight(early, at("2026-03-29T01:00:00Z"))).toBe(true);
  });
});

describe("the limits of the moment", () => {
  const midnight = at("2026-01-10T23:00:00Z");
  const noon = at("2026-01-10T11:00:00Z");

  it("are the day's by day, and without a night profile", () => {
    expect(limitsAt(DAY, night(), noon)).toEqual(DAY);
    expect(limitsAt(DAY, null, midnight)).toEqual(DAY);
  });

  it("are the night's where it names them, else the day's", () => {
    expect(limitsAt(DAY, night(), midnight)).toEqual({ connectionsPerSource: 16, bytesPerSecond: 1_000_000 });
    const open = night({ connectionsPerSource: null, bytesPerSecond: null });
    expect(limitsAt(DAY, open, midnight)).toEqual({ connectionsPerSource: 8, bytesPerSecond: null });
    expect(limitsAt(DAY, night({ bytesPerSecond: 5 }), midnight).bytesPerSecond).toBe(5);
  });
});

import { describe, expect, it } from "vitest";
import { type AccountStanding, nextStanding } from "../../../src/model/account.ts";

const COPYING: AccountStanding = { state: "copying", formerState: null, reason: null, message: null };
const WAITS = { kind: "source-waits", message: "waiting for the old server until 14:05Z" } as const;

describe("an account whose old server asks for a pause", () => {
  it("says so and stays what it is", () => {
    expect(nextStanding(COPYING, WAITS)).toEqual({ ...COPYING, message: WAITS.message });
    expect(nextStanding({ ...COPYING, state: "synced" }, WAITS)).toMatchObject({
      state: "synced",
      reason: null,
    });
  });

  it("says it no more when the next pass begins", () => {
    expect(nextStanding(nextStanding(COPYING, WAITS), { kind: "copy-started" })).toEqual(COPYING);
  });

  it("goes on asking for attention where it did", () => {
    const stuck = nextStanding(COPYING, { kind: "attention", reason: "internal", message: "act" });
    expect(nextStanding(stuck, WAITS)).toBe(stuck);
    expect(nextStanding(stuck, { kind: "copy-started" })).toMatchObject({
      state: "attention",
      message: "act",
    });
  });
});

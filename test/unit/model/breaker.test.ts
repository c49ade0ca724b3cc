import { describe, expect, it } from "vitest";
import {
  afterBraking,
  afterFailure,
  afterSuccess,
  type Breaker,
  mayTry,
  NEVER_TRIED,
} from "../../../src/model/breaker.ts";

const MINUTE = 60_000;
const WORKED = afterSuccess(NEVER_TRIED, 1_000);

/** Refusals at these times, one after the other. */
function refused(from: Breaker, ...times: readonly number[]): Breaker {
  return times.reduce((breaker, at) => afterFailure(breaker, at, "refused"), from);
}

const BANNED_AT = 100_000;
const BANNED = refused(WORKED, 80_000, 85_000, 90_000, 95_000, BANNED_AT);

describe("the breaker of a source", () => {
  it("opens after five refusals in a row, where it had worked before", () => {
    expect(refused(WORKED, 80_000, 85_000, 90_000, 99_999)).toMatchObject({ state: "closed", failures: 4 });
    expect(BANNED).toEqual({
      state: "open",
      since: BANNED_AT,
      round: 0,
      retryAt: BANNED_AT + MINUTE,
      words: "refused",
    });
  });

  it("stays closed for a source that has never worked: that is no ban", () => {
    expect(refused(NEVER_TRIED, 1, 20_000, 40_000, 60_000, 80_000, 100_000)).toBe(NEVER_TRIED);
  });

  it("does not take the refusals of a restart for a ban, unless they are very many", () => {
    const atOnce = Array.from({ length: 10 }, (_, index) => 80_000 + index);
    expect(refused(WORKED, ...atOnce).state).toBe("closed");
    expect(refused(WORKED, ...Array.from({ length: 25 }, () => 80_000)).state).toBe("open");
  });

  it("takes three refusals in a row for a ban where the server has just refused passwords", () => {
    const failed = (from: Breaker, at: number) => afterFailure(from, at, "refused", true);
    const two = failed(failed(WORKED, 80_000), 80_100);
    expect(two.state).toBe("closed");
    expect(failed(two, 80_200).state).toBe("open");
    expect(refused(two, 80_200).state).toBe("closed");
  });

  it("opens at once for a server that holds our logins back, and not again while it is open", () => {
    expect(afterBraking(WORKED, BANNED_AT, "refused")).toEqual(BANNED);
    expect(afterBraking(BANNED, BANNED_AT + 1, "again")).toBe(BANNED);
  });

  it("forgets refusals when a connection works, or when they are long past", () => {
    const four = refused(WORKED, 80_000, 85_000, 90_000, 95_000);
    expect(afterSuccess(four, 96_000)).toMatchObject({ state: "closed", failures: 0, workedAt: 96_000 });
    expect(refused(four, 95_000 + 6 * MINUTE)).toMatchObject({ state: "closed", failures: 1 });
  });

  it("lets one probe through when its time has come, and nobody else meanwhile", () => {
    expect(mayTry(BANNED, BANNED_AT + MINUTE - 1)).toEqual({ may: false, until: BANNED_AT + MINUTE });
    const trial = mayTry(BANNED, BANNED_AT + MINUTE);
    if (!trial.may) throw new Error("the probe was due");
    expect(trial.becomes.state).toBe("probing");
    expect(mayTry(trial.becomes, BANNED_AT + MINUTE + 1).may).toBe(false);
    // Whoever was to probe may have died.
    expect(mayTry(trial.becomes, BANNED_AT + 5 * MINUTE).may).toBe(true);
  });

  it("waits twice as long after each probe that fails, half an hour at most", () => {
    const waits: number[] = [];
    let breaker = BANNED;
    for (let probe = 0; probe < 7; probe += 1) {
      if (breaker.state === "closed") throw new Error("closed");
      const at = breaker.retryAt;
      const trial = mayTry(breaker, at);
      if (!trial.may) throw new Error("the probe was due");
      breaker = afterFailure(trial.becomes, at, "refused");
      if (breaker.state === "open") waits.push((breaker.retryAt - at) / MINUTE);
    }
    expect(waits).toEqual([2, 4, 8, 16, 30, 30, 30]);
  });

  it("closes at the first connection that works, whoever made it", () => {
    expect(afterSuccess(BANNED, 123)).toMatchObject({ state: "closed", workedAt: 123, failures: 0 });
    expect(mayTry(afterSuccess(BANNED, 123), 124).may).toBe(true);
  });

  it("does not change where nothing happened, so that nothing need be written", () => {
    expect(afterSuccess(WORKED, 99_999)).toBe(WORKED);
    expect(afterFailure(BANNED, BANNED_AT + 1, "late")).toBe(BANNED);
  });
});

import { describe, expect, it } from "vitest";
import { waitAskedFor } from "../../../src/upstream/waits.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe("the pause that a server asks for", () => {
  it.each<[code: string | null, text: string, ms: number | null]>([
    [null, "Request is throttled. Suggested Backoff Time: 299862 milliseconds", 299_862],
    [null, "Server busy. BackOffMilliseconds: 60000", MINUTE],
    [null, "Server busy, BackoffMilliseconds=12000", 12 * SECOND],
    ["UNAVAILABLE", "Too many requests, try again in 30 seconds", 30 * SECOND],
    [null, "Please try again after 5 minutes.", 5 * MINUTE],
    [null, "Login rate exceeded; please wait 2 hours", 120 * MINUTE],
    [null, "retry after 90s", 90 * SECOND],
    ["OVERQUOTA", "Account exceeded command or bandwidth limits. (Failure)", 30 * MINUTE],
    [null, "Account exceeded bandwidth limit", 30 * MINUTE],
    ["THROTTLED", "slow down", MINUTE],
    [null, "Request throttled", MINUTE],
    // Nobody waits longer than a day, and less than a second is nothing.
    [null, "try again in 900 hours", 24 * 60 * MINUTE],
    [null, "Suggested Backoff Time: 5 milliseconds", SECOND],
    ["THROTTLED", "try again in 10 minutes", 10 * MINUTE],
    // No pause is asked for.
    ["OVERQUOTA", "Quota exceeded (mailbox for user is full)", null],
    ["LIMIT", "too many connections", null],
    [null, "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", null],
    ["UNAVAILABLE", "Temporary authentication failure. [mail:2026-11-22 14:05:06]", null],
    [null, "Invalid messageset", null],
    [null, "try again later", null],
    [null, "Mailbox 5 minutes does not exist", null],
  ])("%s %s → %s", (code, text, ms) => {
    expect(waitAskedFor({ code: code === null ? null : { name: code }, text })).toBe(ms);
  });
});

import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { begin, type ImapState, step, stepAfterFailure } from "../../../src/session/imap-step.ts";
import { type Link, loginLimitMs, type Next } from "../../../src/session/protocol.ts";
import type { Command } from "../../../src/wire/imap/command.ts";
import type { ReaderEvent } from "../../../src/wire/imap/command-reader.ts";
import { LIMITS } from "../../../src/wire/limits.ts";

const OURS = { hostname: "mail.test", offers: [] };
const CLEAR: Link = { ...OURS, secure: false, startTlsOffered: true, loginAllowed: false };
const SECURE: Link = { ...OURS, secure: true, startTlsOffered: false, loginAllowed: true };

const command = (command: Command): ReaderEvent => ({ kind: "command", command });
const credentials = () => ({
  user: Buffer.from("mario"),
  password: new Secret(Buffer.from("secret")),
  authzid: null,
});
const BAD: ReaderEvent = { kind: "bad", tag: "a", why: "unknown" };

/** What is said to `event`, in a fresh state. */
const answer = (link: Link, event: ReaderEvent): Next => step(begin(link), event)[1];

describe("in clear", () => {
  test("a LOGIN is refused and its password wiped, without being looked at", () => {
    const asked = credentials();
    expect(answer(CLEAR, command({ kind: "login", tag: "a", credentials: asked }))).toMatchObject({
      kind: "say",
      text: expect.stringMatching(/^a NO \[PRIVACYREQUIRED\]/),
    });
    expect(asked.password.reveal().toString()).toBe("\0".repeat(6));
  });

  test("an initial response is wiped unread", () => {
    const initial = Buffer.from("AG1hcmlvAHNlY3JldA==");
    const event = command({ kind: "authenticate", tag: "a", mechanism: "PLAIN", initial });
    expect(answer(CLEAR, event)).toMatchObject({ text: expect.stringContaining("PRIVACYREQUIRED") });
    expect(initial.every((octet) => octet === 0)).toBe(true);
  });

  test("a literal for a LOGIN is not asked for, one for an ID is", () => {
    expect(answer(CLEAR, { kind: "awaiting", tag: "a", command: "login" }).kind).toBe("refuse-literal");
    expect(answer(CLEAR, { kind: "awaiting", tag: "a", command: "id" })).toEqual({
      kind: "say",
      text: "+ OK\r\n",
    });
  });
});

describe("inside TLS", () => {
  test("a LOGIN becomes a login", () => {
    const asked = credentials();
    expect(answer(SECURE, command({ kind: "login", tag: "a", credentials: asked }))).toEqual({
      kind: "log-in",
      tag: "a",
      credentials: asked,
    });
  });

  test("an exchange goes from challenge to challenge and back to commands", () => {
    const [asking, first] = step(
      begin(SECURE),
      command({ kind: "authenticate", tag: "a", mechanism: "login", initial: null }),
    );
    expect(first).toEqual({ kind: "challenge", text: "+ VXNlcm5hbWU6\r\n" });
    const [halfway, second] = step(asking, { kind: "response", line: Buffer.from("bWFyaW8=") });
    expect(second).toEqual({ kind: "challenge", text: "+ UGFzc3dvcmQ6\r\n" });
    const [after, third] = step(halfway, { kind: "response", line: Buffer.from("c2VjcmV0") });
    expect(third).toMatchObject({ kind: "log-in", tag: "a", credentials: { user: Buffer.from("mario") } });
    expect(after).toEqual(begin(SECURE));
  });
});

describe("mistakes", () => {
  const after = (state: ImapState, times: number): [ImapState, Next | null] => {
    let next: Next | null = null;
    let now = state;
    for (let count = 0; count < times; count += 1) [now, next] = step(now, BAD);
    return [now, next];
  };

  test("are answered up to the bound, then the connection is closed", () => {
    expect(after(begin(SECURE), LIMITS.mistakes)[1]?.kind).toBe("say");
    expect(after(begin(SECURE), LIMITS.mistakes + 1)[1]).toMatchObject({ kind: "close", why: "mistakes" });
  });

  test("survive STARTTLS and cost the patience that TLS brings", () => {
    expect(loginLimitMs(begin(CLEAR))).toBe(LIMITS.loginMs);
    expect(loginLimitMs(begin(SECURE))).toBe(LIMITS.politeLoginMs);
    expect(loginLimitMs(begin(SECURE, after(begin(CLEAR), 1)[0].mistakes))).toBe(LIMITS.loginMs);
  });

  test("are wrong passwords, but not logins that failed through no fault of the client", () => {
    const [refused] = stepAfterFailure(begin(SECURE), "a", "wrong-password");
    const [unavailable] = stepAfterFailure(begin(SECURE), "a", "source-unreachable");
    expect([refused.mistakes.refused, unavailable.mistakes.refused]).toEqual([1, 0]);
    expect(loginLimitMs(refused)).toBe(LIMITS.politeLoginMs);
  });
});

test("STARTTLS is begun only where it is offered", () => {
  const event = command({ kind: "starttls", tag: "a" });
  expect(answer(CLEAR, event).kind).toBe("start-tls");
  expect(answer(SECURE, event)).toMatchObject({ kind: "say", text: expect.stringMatching(/^a BAD/) });
});

describe("the count of hops", () => {
  const id = (...pairs: [string, string | null][]): ReaderEvent =>
    command({
      kind: "id",
      tag: "a",
      pairs: pairs.map(([field, value]) => ({
        field: Buffer.from(field),
        value: value === null ? null : Buffer.from(value),
      })),
    });
  const login = (): ReaderEvent => command({ kind: "login", tag: "b", credentials: credentials() });
  const hopsAfter = (...events: ReaderEvent[]) => {
    let state: ImapState = begin(SECURE);
    for (const event of events) [state] = step(state, event);
    return step(state, login())[1];
  };

  test("travels from an ID to the login, over mistakes and other commands", () => {
    expect(hopsAfter(id(["name", "imbarco"], ["X-Proxy-TTL", "3"]))).toMatchObject({
      kind: "log-in",
      hops: 3,
    });
    const noop = command({ kind: "noop", tag: "a" });
    expect(hopsAfter(id(["x-proxy-ttl", "0"]), BAD, noop, id(["name", "x"]))).toMatchObject({ hops: 0 });
  });

  test("is not there where nobody said so, or said something else", () => {
    for (const told of [null, "", "-1", "five", "1000"])
      expect(hopsAfter(id(["x-proxy-ttl", told]))).toMatchObject({ kind: "log-in", hops: undefined });
  });

  test("is forgotten with everything else at STARTTLS", () => {
    const [state] = step(begin(CLEAR), id(["x-proxy-ttl", "1"]));
    expect(begin(SECURE, state.mistakes).hops).toBeUndefined();
  });
});

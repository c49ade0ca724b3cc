import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { FAILURES, type FailureKind } from "../../../src/model/failure.ts";
import { capabilities, loginFailed } from "../../../src/session/pop3-answers.ts";
import { begin, type Pop3State, step, stepAfterFailure } from "../../../src/session/pop3-step.ts";
import { type Link, loginLimitMs, type Next } from "../../../src/session/protocol.ts";
import { LIMITS } from "../../../src/wire/limits.ts";
import type { Command } from "../../../src/wire/pop3/command.ts";
import type { ReaderEvent } from "../../../src/wire/pop3/command-reader.ts";

const OURS = { hostname: "mail.test", offers: ["UTF8"] };
const CLEAR: Link = { ...OURS, secure: false, startTlsOffered: true, loginAllowed: false };
const SECURE: Link = { ...OURS, secure: true, startTlsOffered: false, loginAllowed: true };

const command = (command: Command): ReaderEvent => ({ kind: "command", command });
const USER = command({ kind: "user", name: Buffer.from("mario") });
const pass = (text = "secret") => command({ kind: "pass", password: new Secret(Buffer.from(text)) });
const UTF8 = command({ kind: "utf8" });
const BAD: ReaderEvent = { kind: "bad", why: "unknown" };
const CREDENTIALS = "AG1hcmlvAHNlY3JldA==";

const after = (state: Pop3State, ...events: ReaderEvent[]): Pop3State =>
  events.reduce((now, event) => step(now, event)[0], state);

describe("in clear", () => {
  test("a password is wiped unread, however it came", () => {
    const password = new Secret(Buffer.from("secret"));
    const [, next] = step(begin(CLEAR), command({ kind: "pass", password }));
    expect(next).toMatchObject({ kind: "say", text: expect.stringMatching(/^-ERR [^[]*STLS/) });
    const initial = Buffer.from(CREDENTIALS);
    expect(step(begin(CLEAR), command({ kind: "auth", mechanism: "PLAIN", initial }))[1]).toEqual(next);
    for (const octets of [password.reveal(), initial])
      expect(octets.every((octet) => octet === 0)).toBe(true);
  });

  test("STLS is begun, inside TLS it is not", () => {
    expect(step(begin(CLEAR), command({ kind: "stls" }))[1].kind).toBe("start-tls");
    expect(step(begin(SECURE), command({ kind: "stls" }))[1]).toMatchObject({
      text: expect.stringMatching(/^-ERR/),
    });
  });
});

describe("inside TLS", () => {
  test("USER and PASS are a login, and nobody is named afterwards", () => {
    const [state, next] = step(after(begin(SECURE), USER), pass());
    expect(next).toMatchObject({
      kind: "log-in",
      tag: "",
      utf8: false,
      credentials: { user: Buffer.from("mario"), authzid: null },
    });
    expect(state).toEqual(begin(SECURE));
  });

  test("a password without a name is wiped", () => {
    const password = new Secret(Buffer.from("secret"));
    expect(step(begin(SECURE), command({ kind: "pass", password }))[1].kind).toBe("say");
    expect(password.reveal().every((octet) => octet === 0)).toBe(true);
  });

  test("UTF8 outlives a name, an exchange and a refused login", () => {
    const state = after(
      begin(SECURE),
      UTF8,
      USER,
      command({ kind: "auth", mechanism: "PLAIN", initial: null }),
      { kind: "response", line: Buffer.from("*") },
    );
    const [refused] = stepAfterFailure(state, "", "wrong-password");
    expect(step(after(refused, USER), pass())[1]).toMatchObject({ kind: "log-in", utf8: true });
  });

  test("an exchange goes from challenge to challenge and back to commands", () => {
    const [asking, first] = step(begin(SECURE), command({ kind: "auth", mechanism: "LOGIN", initial: null }));
    expect(first).toEqual({ kind: "challenge", text: "+ VXNlcm5hbWU6\r\n" });
    const [halfway, second] = step(asking, { kind: "response", line: Buffer.from("bWFyaW8=") });
    expect(second).toEqual({ kind: "challenge", text: "+ UGFzc3dvcmQ6\r\n" });
    const [last, third] = step(halfway, { kind: "response", line: Buffer.from("c2VjcmV0") });
    expect(third).toMatchObject({ kind: "log-in", credentials: { user: Buffer.from("mario") } });
    expect(last).toEqual(begin(SECURE));
  });
});

describe("mistakes", () => {
  const repeated = (times: number): Next | null => {
    let [state, next]: [Pop3State, Next | null] = [begin(SECURE), null];
    for (let count = 0; count < times; count += 1) [state, next] = step(state, BAD);
    return next;
  };

  test("are answered up to the bound, then the connection is closed", () => {
    expect(repeated(LIMITS.mistakes)?.kind).toBe("say");
    expect(repeated(LIMITS.mistakes + 1)).toMatchObject({ kind: "close", why: "mistakes" });
  });

  test("are wrong passwords, but not logins that failed through no fault of the client", () => {
    const [refused] = stepAfterFailure(begin(SECURE), "", "wrong-password");
    const [unavailable] = stepAfterFailure(begin(SECURE), "", "source-unreachable");
    expect([refused.mistakes.refused, unavailable.mistakes.refused]).toEqual([1, 0]);
    expect(loginLimitMs(refused)).toBe(LIMITS.politeLoginMs);
  });
});

test("only failures that are the user's own sound like a wrong password, and all of those alike", () => {
  const kinds = Object.keys(FAILURES) as FailureKind[];
  const refused = kinds.filter((kind) => loginFailed(kind).startsWith("-ERR [AUTH] "));
  expect(refused).toEqual(kinds.filter((kind) => FAILURES[kind].client === "refused"));
  expect(new Set(kinds.map(loginFailed)).size).toBe(2);
});

test("a list of the target's without end is not passed on", () => {
  const offers = Array.from({ length: 2_000 }, (_, at) => `X${at}`);
  expect(capabilities({ ...SECURE, offers }).length).toBeLessThan(200);
});

import { describe, expect, test } from "vitest";
import { FAILURES, type FailureKind } from "../../../src/model/failure.ts";
import { type Link, loginLimitMs, type Next } from "../../../src/session/protocol.ts";
import { ehlo, loginFailed } from "../../../src/session/submission-answers.ts";
import { begin, type SubmissionState, step, stepAfterFailure } from "../../../src/session/submission-step.ts";
import { LIMITS } from "../../../src/wire/limits.ts";
import type { SmtpCommand } from "../../../src/wire/smtp/command.ts";
import type { ReaderEvent } from "../../../src/wire/smtp/command-reader.ts";

const OURS = { hostname: "mail.test", offers: [] };
const CLEAR: Link = { ...OURS, secure: false, startTlsOffered: true, loginAllowed: false };
const SECURE: Link = { ...OURS, secure: true, startTlsOffered: false, loginAllowed: true };

const command = (command: SmtpCommand): ReaderEvent => ({ kind: "command", command });
const EHLO = command({ kind: "ehlo", name: "pc.test" });
const auth = (mechanism: string, initial: string | null = null): ReaderEvent =>
  command({ kind: "auth", mechanism, initial: initial === null ? null : Buffer.from(initial) });
const CREDENTIALS = "AG1hcmlvAHNlY3JldA==";
const BAD: ReaderEvent = { kind: "bad", why: "command" };

const greeted = (link: Link): SubmissionState => step(begin(link), EHLO)[0];

describe("in clear", () => {
  test("an initial response is wiped unread", () => {
    const initial = Buffer.from(CREDENTIALS);
    const [, next] = step(greeted(CLEAR), command({ kind: "auth", mechanism: "PLAIN", initial }));
    expect(next).toMatchObject({ kind: "say", text: expect.stringMatching(/^538 5\.7\.11 /) });
    expect(initial.every((octet) => octet === 0)).toBe(true);
  });

  test("STARTTLS is begun, inside TLS it is not", () => {
    expect(step(begin(CLEAR), command({ kind: "starttls" }))[1].kind).toBe("start-tls");
    expect(step(begin(SECURE), command({ kind: "starttls" }))[1]).toMatchObject({
      text: expect.stringMatching(/^503 /),
    });
  });
});

describe("inside TLS", () => {
  test("a login bears the name that the client gave itself last", () => {
    const renamed = step(greeted(SECURE), command({ kind: "ehlo", name: "[192.0.2.1]" }))[0];
    expect(step(renamed, auth("plain", CREDENTIALS))[1]).toMatchObject({
      kind: "log-in",
      tag: "",
      hello: "[192.0.2.1]",
      credentials: { user: Buffer.from("mario"), authzid: null },
    });
  });

  test("HELO after EHLO takes AUTH away again", () => {
    const back = step(greeted(SECURE), command({ kind: "helo", name: "pc.test" }))[0];
    expect(step(back, auth("PLAIN", CREDENTIALS))[1]).toMatchObject({ text: expect.stringMatching(/^503 /) });
  });

  test("an exchange goes from challenge to challenge and back to commands, and the name stays", () => {
    const [asking, first] = step(greeted(SECURE), auth("LOGIN"));
    expect(first).toEqual({ kind: "challenge", text: "334 VXNlcm5hbWU6\r\n" });
    const [halfway, second] = step(asking, { kind: "response", line: Buffer.from("bWFyaW8=") });
    expect(second).toEqual({ kind: "challenge", text: "334 UGFzc3dvcmQ6\r\n" });
    const [after, third] = step(halfway, { kind: "response", line: Buffer.from("c2VjcmV0") });
    expect(third).toMatchObject({ kind: "log-in", hello: "pc.test" });
    expect(after).toEqual(greeted(SECURE));
  });
});

describe("mistakes", () => {
  const after = (state: SubmissionState, times: number): [SubmissionState, Next | null] => {
    let next: Next | null = null;
    let now = state;
    for (let count = 0; count < times; count += 1) [now, next] = step(now, BAD);
    return [now, next];
  };

  test("are answered up to the bound, then the connection is closed", () => {
    expect(after(begin(SECURE), LIMITS.mistakes)[1]?.kind).toBe("say");
    expect(after(begin(SECURE), LIMITS.mistakes + 1)[1]).toMatchObject({ kind: "close", why: "mistakes" });
  });

  test("do not make the client introduce itself again", () => {
    expect(after(greeted(SECURE), 1)[0].hello).toEqual({ name: "pc.test", extended: true });
  });

  test("are wrong passwords, but not logins that failed through no fault of the client", () => {
    const [refused] = stepAfterFailure(greeted(SECURE), "", "wrong-password");
    const [unavailable] = stepAfterFailure(greeted(SECURE), "", "source-unreachable");
    expect([refused.mistakes.refused, unavailable.mistakes.refused]).toEqual([1, 0]);
    expect(loginLimitMs(refused)).toBe(LIMITS.politeLoginMs);
  });
});

test("only failures that are the user's own sound like a wrong password, and all of those alike", () => {
  const kinds = Object.keys(FAILURES) as FailureKind[];
  const refused = kinds.filter((kind) => loginFailed(kind).startsWith("535 5.7.8 "));
  expect(refused).toEqual(kinds.filter((kind) => FAILURES[kind].client === "refused"));
  expect(new Set(kinds.map(loginFailed)).size).toBe(2);
});

test.each([
  ["SIZE 1\r\n250 EVIL"],
  ["8BITMIME\n"],
  ["-"],
  [""],
  [" SIZE"],
  ["CAFÉ"],
  [`SIZE ${"9".repeat(600)}`],
  ["SIZE\t1"],
])("the target's keyword %j cannot break the answer to EHLO", (offer) => {
  expect(ehlo({ ...SECURE, offers: [offer] })).toBe("250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n");
});

test("keywords without end are cut off", () => {
  const offers = Array.from({ length: 1_000 }, (_, at) => `X${at}`);
  expect(ehlo({ ...SECURE, offers }).split("\r\n").length).toBeLessThan(70);
});

test("a door that offers nothing still ends its answer", () => {
  const link = { ...CLEAR, startTlsOffered: false, offers: ["AUTH PLAIN"] };
  expect(ehlo(link)).toBe("250 mail.test\r\n");
});

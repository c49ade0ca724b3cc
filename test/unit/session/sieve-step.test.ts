import { describe, expect, test } from "vitest";
import { FAILURES, type FailureKind } from "../../../src/model/failure.ts";
import type { Link, Next } from "../../../src/session/protocol.ts";
import { capability, loginFailed, noop } from "../../../src/session/sieve-answers.ts";
import { begin, type SieveState, step, stepAfterFailure } from "../../../src/session/sieve-step.ts";
import { LIMITS } from "../../../src/wire/limits.ts";
import type { SieveEvent } from "../../../src/wire/sieve/command-reader.ts";

const OURS = { hostname: "mail.test", offers: [] };
const CLEAR: Link = { ...OURS, secure: false, startTlsOffered: true, loginAllowed: false };
const SECURE: Link = { ...OURS, secure: true, startTlsOffered: false, loginAllowed: true };
const CREDENTIALS = "AG1hcmlvAHNlY3JldA==";

const authenticate = (mechanism: string, initial: Buffer | null = null): SieveEvent => ({
  kind: "command",
  command: { kind: "authenticate", mechanism, initial },
});
const response = (text: string): SieveEvent => ({ kind: "response", response: Buffer.from(text) });

describe("a password", () => {
  test("in clear is wiped unread", () => {
    const initial = Buffer.from(CREDENTIALS);
    expect(step(begin(CLEAR), authenticate("PLAIN", initial))[1]).toMatchObject({
      text: expect.stringMatching(/^NO \(ENCRYPT-NEEDED\) /),
    });
    expect(initial.every((octet) => octet === 0)).toBe(true);
  });

  test("for an unknown mechanism, or where nobody asked for one, is wiped", () => {
    const initial = Buffer.from(CREDENTIALS);
    step(begin(SECURE), authenticate("SCRAM-SHA-1", initial));
    const stray = Buffer.from(CREDENTIALS);
    step(begin(SECURE), { kind: "response", response: stray });
    for (const octets of [initial, stray]) expect(octets.every((octet) => octet === 0)).toBe(true);
  });

  test("inside TLS is a login, from challenge to challenge and back to commands", () => {
    const [asking, first] = step(begin(SECURE), authenticate("login"));
    expect(first).toEqual({ kind: "challenge", text: '"VXNlcm5hbWU6"\r\n' });
    const [halfway, second] = step(asking, response("bWFyaW8="));
    expect(second).toEqual({ kind: "challenge", text: '"UGFzc3dvcmQ6"\r\n' });
    const [after, third] = step(halfway, response("c2VjcmV0"));
    expect(third).toMatchObject({
      kind: "log-in",
      credentials: { user: Buffer.from("mario"), authzid: null },
    });
    expect(after.kind).toBe("command");
  });
});

test("the words of every failure are those of wrong credentials or of another time", () => {
  const words = (Object.keys(FAILURES) as FailureKind[]).map((kind) => loginFailed(kind));
  expect(new Set(words)).toEqual(new Set([loginFailed("wrong-password"), loginFailed("source-unreachable")]));
  expect(loginFailed("unknown-account")).toBe(loginFailed("wrong-password"));
});

test("wrong passwords and bad commands are counted together, outages are not", () => {
  let state: SieveState = begin(SECURE);
  let next: Next | undefined;
  for (let at = 0; at < LIMITS.mistakes; at += 1) {
    [state, next] = stepAfterFailure(state, "source-unreachable");
    [state, next] =
      at % 2 ? stepAfterFailure(state, "wrong-password") : step(state, { kind: "bad", why: "unknown" });
    expect(next.kind).toBe("say");
  }
  expect(step(state, { kind: "bad", why: "arguments" })[1]).toMatchObject({ kind: "close", why: "mistakes" });
});

test("a target that does not name what it must is not believed half, nor one that names too much", () => {
  const ours = capability({ ...SECURE, offers: [] });
  expect(ours).toBe(
    '"IMPLEMENTATION" "imbarco"\r\n"SIEVE" ""\r\n"VERSION" "1.0"\r\n"SASL" "PLAIN LOGIN"\r\nOK "Capability completed"\r\n',
  );
  expect(capability({ ...SECURE, offers: ['"IMPLEMENTATION" "x"', '"SIEVE" "y"'] })).toBe(ours);
  const long = ['"IMPLEMENTATION" "x"', `"SIEVE" "${"y".repeat(9_000)}"`, '"VERSION" "1.0"'];
  expect(capability({ ...SECURE, offers: long })).toBe(ours);
});

test("an echo can end neither its string nor its line", () => {
  expect(noop(Buffer.from('a"b\\'))).toBe('OK (TAG "a\\"b\\\\") "Nothing new"\r\n');
  expect(noop(Buffer.from("a\r\nOK"))).toBe('OK (TAG {5}\r\na\r\nOK) "Nothing new"\r\n');
  expect(noop(Buffer.alloc(1_025, "x"))).toMatch(/^OK \(TAG \{1025\}\r\nx+\) "Nothing new"\r\n$/);
});

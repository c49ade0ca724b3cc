import { describe, expect, test } from "vitest";
import { type SaslStep, saslContinue, saslMechanism, saslStart } from "../../../src/wire/sasl.ts";

const base64 = (text: string) => Buffer.from(Buffer.from(text, "latin1").toString("base64"));

/** Credentials as text, so that a test shows them. */
function shown(step: SaslStep): unknown {
  if (step.kind !== "credentials") return step;
  const { user, password, authzid } = step.credentials;
  return [authzid?.toString("latin1") ?? null, user.toString("latin1"), password.reveal().toString("latin1")];
}

/** The client's answer to a challenge. */
function goOn(step: SaslStep, text: string): SaslStep {
  if (step.kind !== "challenge") throw new Error("there is nothing to answer");
  return saslContinue(step.state, base64(text));
}

describe("PLAIN", () => {
  test("takes the credentials from the initial response, octet for octet", () => {
    expect(shown(saslStart("PLAIN", base64('\0mario@example.it\0p\xe4ss%" ~\\')))).toEqual([
      null,
      "mario@example.it",
      'p\xe4ss%" ~\\',
    ]);
  });

  test("asks with an empty challenge where there is no initial response", () => {
    const step = saslStart("PLAIN", null);
    expect(step).toMatchObject({ kind: "challenge", text: "" });
    expect(shown(goOn(step, "\0mario\0secret"))).toEqual([null, "mario", "secret"]);
  });

  test("names an authorization identity only where it differs from the user", () => {
    expect(shown(saslStart("PLAIN", base64("mario\0mario\0secret")))).toEqual([null, "mario", "secret"]);
    expect(shown(saslStart("PLAIN", base64("luigi\0mario\0secret")))).toEqual(["luigi", "mario", "secret"]);
  });

  test.each([
    ["an empty message", "="],
    ["no NUL", base64("mario").toString()],
    ["one NUL", base64("\0mario").toString()],
    ["three NULs", base64("\0mario\0se\0cret").toString()],
    ["a password longer than any", base64(`\0mario\0${"x".repeat(1025)}`).toString()],
  ])("refuses %s", (_what, text) => {
    expect(saslStart("PLAIN", Buffer.from(text))).toEqual({ kind: "malformed", why: "message" });
  });
});

describe("LOGIN", () => {
  test("asks for the user, then for the password", () => {
    const first = saslStart("LOGIN", null);
    expect(first).toMatchObject({ kind: "challenge", text: base64("Username:").toString() });
    const second = goOn(first, "mario");
    expect(second).toMatchObject({ kind: "challenge", text: base64("Password:").toString() });
    expect(shown(goOn(second, "secret"))).toEqual([null, "mario", "secret"]);
  });

  test("takes an initial response for the user, an empty one for none", () => {
    expect(saslStart("LOGIN", base64("mario"))).toMatchObject({ text: base64("Password:").toString() });
    expect(saslStart("LOGIN", Buffer.from("="))).toMatchObject({ text: base64("Username:").toString() });
  });

  test("refuses a NUL, which no password can have", () => {
    const state = { mechanism: "LOGIN", user: Buffer.from("mario") } as const;
    expect(saslContinue(state, base64("se\0cret"))).toEqual({ kind: "malformed", why: "message" });
  });
});

test("a star gives up, at every challenge", () => {
  expect(saslContinue({ mechanism: "PLAIN" }, Buffer.from("*"))).toEqual({ kind: "cancelled" });
  expect(saslContinue({ mechanism: "LOGIN", user: null }, Buffer.from("*"))).toEqual({ kind: "cancelled" });
});

test("what is no base64 is refused, not guessed", () => {
  expect(saslStart("PLAIN", Buffer.from("*"))).toEqual({ kind: "malformed", why: "base64" });
  expect(saslContinue({ mechanism: "PLAIN" }, Buffer.from("AG1hcmlvAHNlY3JldA=")).kind).toBe("malformed");
});

test("the line that held the password is overwritten", () => {
  const line = base64("\0mario\0secret");
  saslStart("PLAIN", line);
  expect(line.every((octet) => octet === 0)).toBe(true);
});

test("only mechanisms that reveal the password are known, in any case", () => {
  expect(["plain", "Login", "CRAM-MD5", "SCRAM-SHA-256", ""].map(saslMechanism)).toEqual([
    "PLAIN",
    "LOGIN",
    null,
    null,
    null,
  ]);
});

import { expect, test } from "vitest";
import { FAILURES, type FailureKind } from "../../../src/model/failure.ts";
import { greeting, loggedIn, loginFailed } from "../../../src/session/imap-answers.ts";

test("only failures that are the user's own sound like a wrong password, and all of those alike", () => {
  const kinds = Object.keys(FAILURES) as FailureKind[];
  const refused = kinds.filter((kind) => loginFailed("a", kind).startsWith("a NO [AUTHENTICATIONFAILED]"));
  expect(refused).toEqual(kinds.filter((kind) => FAILURES[kind].blame === "user"));
  expect(new Set(refused.map((kind) => loginFailed("a", kind))).size).toBe(1);
  expect(new Set(kinds.map((kind) => loginFailed("a", kind))).size).toBe(2);
});

test.each([
  ["IMAP4rev1 IDLE", "a OK [CAPABILITY IMAP4rev1 IDLE] Logged in\r\n"],
  ["IMAP4rev1  starttls IDLE", "a OK [CAPABILITY IMAP4rev1 IDLE] Logged in\r\n"],
  ["IMAP4rev1] hello\r\nb OK", "a OK [CAPABILITY OK] Logged in\r\n"],
  ["", "a OK Logged in\r\n"],
  [null, "a OK Logged in\r\n"],
])("the target's capabilities %j cannot break the line", (capability, line) => {
  expect(loggedIn("a", capability)).toBe(line);
});

test("capabilities without end are left for the client to ask for", () => {
  expect(loggedIn("a", "X".repeat(5_000))).toBe("a OK Logged in\r\n");
});

test("the greeting names the installation, by which it knows itself", () => {
  const link = {
    hostname: "mail.test",
    offers: [],
    secure: false,
    startTlsOffered: true,
    loginAllowed: false,
  };
  expect(greeting({ ...link, instance: "0123456789ab" })).toMatch(
    / mail\.test imbarco ready \(0123456789ab\)\r\n$/,
  );
  expect(greeting(link)).toMatch(/ mail\.test imbarco ready\r\n$/);
});

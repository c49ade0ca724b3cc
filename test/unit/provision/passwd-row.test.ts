import { describe, expect, test } from "vitest";
import { changedRow, letsAnybodyIn, misfitOf, newRow } from "../../../src/provision/passwd-row.ts";
import type { ProvisionRequest } from "../../../src/provision/provision.ts";

const VERIFIER = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

function request(changes: Partial<ProvisionRequest> = {}): ProvisionRequest {
  return { address: "zoë@a.it", verifier: null, name: null, quota: null, ...changes };
}

test("a new row is in UTF-8, locked without a password, and has all eight fields", () => {
  const row = Buffer.from(newRow(request({ name: "Zoë" })), "latin1").toString("utf8");
  expect(row).toBe("zoë@a.it:{CRYPT}*:::Zoë:::");
  expect(row.split(":")).toHaveLength(8);
});

describe("a row never gets an empty password", () => {
  test.each(["", "{PLAIN}", "{ARGON2ID}"])("not even when asked for %o", (verifier) => {
    expect(() => newRow(request({ verifier }))).toThrow(/empty password/);
    expect(() => changedRow("zoë@a.it:x", request({ verifier }))).toThrow(/empty password/);
  });
});

test.each(["{X}a:b", "{X}a\nroot:{PLAIN}", "{X}a b", "{X}è"])(
  "a verifier that would end the field is refused: %o",
  (verifier) => {
    expect(() => newRow(request({ verifier }))).toThrow(/printable ASCII/);
  },
);

test("a row keeps the number of its fields, but for the quota's", () => {
  expect(changedRow("u", request({ verifier: VERIFIER }))).toBe(`u:${VERIFIER}`);
  expect(changedRow("u:x:1", request({ verifier: VERIFIER }))).toBe(`u:${VERIFIER}:1`);
  expect(changedRow("u:x:1", request({ verifier: VERIFIER, quota: 3 }))).toBe(
    `u:${VERIFIER}:1:::::userdb_quota_rule=*:bytes=3`,
  );
});

test("a row that an administrator has opened to anybody is known by its extra field only", () => {
  expect(letsAnybodyIn("u:::::::proxy nopassword=y host=x")).toBe(true);
  expect(letsAnybodyIn("u:nopassword::::::nopasswordx=nopassword")).toBe(false);
  expect(changedRow("u:::::::nopassword", request())).toBe("u:::::::nopassword");
});

test("an address that would be read as something else does not fit", () => {
  expect(["a:b@a.it", "#a@a.it", "a\nb@a.it", "a\u2028b@a.it"].map(misfitOf)).not.toContain(null);
  expect(["a@a.it", "a#b@a.it", "o'brien+x@a.it", "zoë@a.it"].map(misfitOf)).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

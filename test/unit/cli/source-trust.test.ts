import { expect, test } from "vitest";
import type { Output } from "../../../src/cli/output.ts";
import { CliError } from "../../../src/cli/output.ts";
import { certificateText, trustOf, warnOfSource } from "../../../src/cli/source-trust.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";

const HEX = "ab".repeat(32);
const PIN = `sha256:${HEX}`;
const PRESENT: Endpoint = {
  host: "mail.a.it",
  port: 143,
  tls: "starttls",
  ca: "PEM",
  verify: true,
  fingerprints: [PIN],
  weakTls: true,
};

test("fingerprints are taken as openssl prints them, each once", () => {
  const written = [`sha256 Fingerprint=${HEX.toUpperCase().replace(/..(?=.)/g, "$&:")}`, HEX, PIN];
  expect(trustOf({ sourceFingerprint: written }, null)).toEqual({
    ca: null,
    verify: true,
    fingerprints: [PIN],
    weakTls: false,
  });
});

test("what is no fingerprint is refused, and says how to get one", () => {
  for (const text of ["", "none of these", HEX.slice(2), `sha1:${HEX}`, `${HEX}ab`])
    expect(() => trustOf({ sourceFingerprint: [text] }, null)).toThrow(CliError);
});

test("what is not named stays, and none forgets the fingerprints", () => {
  expect(trustOf({}, PRESENT)).toEqual({ ca: "PEM", verify: true, fingerprints: [PIN], weakTls: true });
  expect(trustOf({ sourceFingerprint: ["none"] }, PRESENT).fingerprints).toEqual([]);
  expect(trustOf({ sourceWeakTls: false }, PRESENT).weakTls).toBe(false);
});

test("the last word counts: accepting any ends the fingerprints, and a fingerprint ends accepting any", () => {
  const any = trustOf({ acceptAnyCertificate: true }, PRESENT);
  expect(any).toMatchObject({ verify: false, fingerprints: [] });
  expect(trustOf({ sourceFingerprint: [HEX] }, { ...PRESENT, ...any })).toMatchObject({
    verify: true,
    fingerprints: [PIN],
  });
});

test("two ways at once are wrong usage", () => {
  expect(() => trustOf({ sourceFingerprint: [HEX], acceptAnyCertificate: true }, null)).toThrow(
    /believes one certificate alone/,
  );
});

function warningsFor(source: Endpoint): string[] {
  const notes: string[] = [];
  const out = { note: (text: string) => notes.push(text), colour: (_colour: string, text: string) => text };
  warnOfSource(out as unknown as Output, source);
  return notes;
}

test("weak TLS is warned of, and so is any certificate, but not where a fingerprint stands", () => {
  expect(warningsFor({ ...PRESENT, weakTls: false })).toEqual([]);
  expect(warningsFor(PRESENT)).toEqual([expect.stringMatching(/old versions of TLS.*mail\.a\.it/)]);
  expect(warningsFor({ ...PRESENT, verify: false, fingerprints: [] })).toHaveLength(2);
  expect(warningsFor({ ...PRESENT, tls: "none" })).toEqual([expect.stringMatching(/in clear/)]);
});

test("which certificates are believed is said in one line", () => {
  expect(certificateText(PRESENT)).toBe(`only the one with the fingerprint ${PIN}`);
  expect(certificateText({ ...PRESENT, tls: "none" })).toMatch(/in clear/);
  expect(certificateText({ ...PRESENT, fingerprints: [] })).toMatch(/--source-ca/);
});

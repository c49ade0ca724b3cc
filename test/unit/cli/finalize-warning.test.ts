import { expect, test } from "vitest";
import { warningOf } from "../../../src/cli/finalize.ts";
import { type DnsPlan, planFrom } from "../../../src/cutover/dns.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../../src/model/domain.ts";

const DOMAIN: Domain = {
  name: "a.it",
  state: "migrating",
  source: { host: "mail.a.it", port: 143, tls: "starttls", ca: null, verify: true },
  login: "address",
  cutover: { mx: [{ priority: 10, host: "mx.new.eu" }], txt: [] },
  ...DEFAULT_FOLDER_POLICIES,
  serve: "target",
  createdAt: "2026-01-01T00:00:00.000Z",
  finalizedAt: null,
};

function mx(...values: string[]): DnsPlan["now"]["mx"] {
  return { kind: "records", records: values.map((value) => ({ type: "MX", name: "a.it.", value })) };
}

test.each([
  ["mail that still goes to the old server", mx("5 mail.a.it."), "does not go to the new platform alone"],
  ["a DNS that does not answer", { kind: "unknown", message: "silence" } as const, "could not be asked"],
])("%s is warned of in its own words", (_what, now, words) => {
  expect(warningOf("a.it", planFrom(DOMAIN, { mx: now, txt: { kind: "none" } }))).toContain(words);
});

test("mail that goes to the new platform alone is no matter for a warning", () => {
  const now = { mx: mx("10 mx.new.eu."), txt: { kind: "none" } } as const;
  expect(warningOf("a.it", planFrom(DOMAIN, now))).toBeNull();
});

import { describe, expect, test } from "vitest";
import { type DnsAnswer, planFrom } from "../../../src/cutover/dns.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../../src/model/domain.ts";

const NONE: DnsAnswer = { kind: "none" };
const NEW_MX = [{ priority: 10, host: "mx1.new.example" }];

describe("the plan for a domain's DNS", () => {
  test("replaces the old MX records and the old SPF record, and leaves other TXT records alone", () => {
    const plan = planFrom(domain(NEW_MX, ["v=spf1 include:new.example -all"]), {
      mx: mx("10 mx.old.example.", "20 mx2.old.example."),
      txt: txt("v=spf1 a mx ~all", "google-site-verification=abc"),
    });
    expect(plan.remove.map((one) => one.value)).toEqual([
      "10 mx.old.example.",
      "20 mx2.old.example.",
      "v=spf1 a mx ~all",
    ]);
    expect(plan.add.map((one) => one.value)).toEqual([
      "10 mx1.new.example.",
      "v=spf1 include:new.example -all",
    ]);
    expect(plan).toMatchObject({ keep: [], done: false, remarks: [] });
  });

  test("has nothing left to do when the DNS says what the template wants", () => {
    const plan = planFrom(domain(NEW_MX, []), { mx: mx("10 mx1.new.example."), txt: txt("v=spf1 a ~all") });
    expect(plan).toMatchObject({ remove: [], add: [], done: true });
    expect(plan.keep).toHaveLength(1);
  });

  test("keeps a record that stands in both and changes one whose priority differs", () => {
    const both = [...NEW_MX, { priority: 20, host: "mx2.new.example" }];
    const plan = planFrom(domain(both, []), {
      mx: mx("10 mx1.new.example.", "30 mx2.new.example."),
      txt: NONE,
    });
    expect(plan.keep.map((one) => one.value)).toEqual(["10 mx1.new.example."]);
    expect(plan.remove.map((one) => one.value)).toEqual(["30 mx2.new.example."]);
    expect(plan.add.map((one) => one.value)).toEqual(["20 mx2.new.example."]);
  });

  test("removes nothing where the template wants nothing, and says that it is empty", () => {
    const plan = planFrom(domain([], []), { mx: mx("10 mx.old.example."), txt: NONE });
    expect(plan).toMatchObject({ remove: [], add: [], done: false });
    expect(plan.remarks.join(" ")).toContain("--cutover-mx");
  });

  test("is never done while a resolver does not answer", () => {
    const plan = planFrom(domain(NEW_MX, []), {
      mx: mx("10 mx1.new.example."),
      txt: { kind: "unknown", message: "the resolver did not answer in time" },
    });
    expect(plan.done).toBe(false);
    expect(plan.remarks[0]).toContain("did not answer");
  });
});

function mx(...values: string[]): DnsAnswer {
  return { kind: "records", records: values.map((value) => ({ type: "MX", name: "example.org.", value })) };
}

function txt(...values: string[]): DnsAnswer {
  return { kind: "records", records: values.map((value) => ({ type: "TXT", name: "example.org.", value })) };
}

function domain(mx: Domain["cutover"]["mx"], txt: string[]): Domain {
  return {
    name: "example.org",
    state: "migrating",
    source: { host: "old.example", port: 143, tls: "starttls", ca: null, verify: true },
    login: "address",
    cutover: { mx, txt },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt: "2026-01-01T00:00:00.000Z",
    finalizedAt: null,
  };
}

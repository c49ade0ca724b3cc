import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type DnsPlan, dnsPlan } from "../../src/cutover/dns.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../src/model/domain.ts";
import { type DnsServer, startDnsServer } from "../kit/dns-server.ts";

const LONG_TEXT = `v=spf1 ${"ip4:192.0.2.1 ".repeat(30)}-all`;
const SPF = "v=spf1 include:_spf.new.example -all";

let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer({});
});

beforeEach(() => {
  dns.mood = "answering";
  dns.names.clear();
});

afterAll(() => dns?.stop());

describe("the plan for a domain's DNS, asked of a real resolver", () => {
  test("shows what to remove and to add beside what the DNS says now", async () => {
    dns.names.set("example.test", {
      mx: ["10 MX.old.example", "20 mx2.old.example"],
      txt: [LONG_TEXT, "other"],
    });
    const plan = await planOf();
    expect(valuesOf(plan.remove)).toEqual(["10 mx.old.example.", "20 mx2.old.example.", LONG_TEXT]);
    expect(valuesOf(plan.add)).toEqual(["10 mx1.new.example.", SPF]);
    expect(plan.now.txt).toMatchObject({ kind: "records" });
    expect(plan.done).toBe(false);
  });

  test("is done when the records have been changed", async () => {
    dns.names.set("example.test", { mx: ["10 mx1.new.example"], txt: ["other", SPF] });
    expect(await planOf()).toMatchObject({ done: true, remove: [], add: [], remarks: [] });
  });

  test("a name that is not there, or has no such records, is an answer like any other", async () => {
    expect(await planOf()).toMatchObject({ now: { mx: { kind: "none" }, txt: { kind: "none" } } });
    dns.names.set("example.test", {});
    const plan = await planOf();
    expect(plan).toMatchObject({ now: { mx: { kind: "none" } }, remove: [], done: false });
    expect(plan.remarks).toContain("The DNS has no MX record for example.test now.");
  });

  test("a resolver that fails is said and is no fault of the command", async () => {
    dns.mood = "failing";
    const plan = await planOf();
    expect(plan.now.mx).toEqual({ kind: "unknown", message: "the resolver reports a server failure" });
    expect(valuesOf(plan.add)).toEqual(["10 mx1.new.example.", SPF]);
  });

  test("so is one that never answers", async () => {
    dns.mood = "silent";
    expect((await planOf()).now.mx).toMatchObject({
      kind: "unknown",
      message: expect.stringContaining("did not answer") as string,
    });
  });
});

async function planOf(): Promise<DnsPlan> {
  return dnsPlan({ servers: [dns.server] }, DOMAIN);
}

function valuesOf(records: DnsPlan["add"]): string[] {
  return records.map((record) => record.value);
}

const DOMAIN: Domain = {
  name: "example.test",
  state: "migrating",
  source: { host: "old.example", port: 143, tls: "starttls", ca: null, verify: true },
  login: "address",
  cutover: { mx: [{ priority: 10, host: "mx1.new.example" }], txt: [SPF] },
  ...DEFAULT_FOLDER_POLICIES,
  serve: "target",
  createdAt: "2026-01-01T00:00:00.000Z",
  finalizedAt: null,
};

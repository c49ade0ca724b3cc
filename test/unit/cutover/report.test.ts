import { afterEach, beforeEach, expect, test } from "vitest";
import { domainReport } from "../../../src/cutover/report.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { sampleDomain } from "../../contract/samples.ts";

let store: Store;

beforeEach(() => {
  store = sqliteStore(openDatabase(":memory:"));
});

afterEach(() => store.close());

test.each<[Partial<Endpoint>, boolean]>([
  [{ host: "mail.old.example", tls: "none" }, true],
  [{ host: "10.0.0.9", tls: "none" }, true],
  [{ host: "mail.old.example", tls: "starttls" }, false],
  [{ host: "mail.old.example", tls: "implicit" }, false],
  [{ host: "localhost", tls: "none" }, false],
  [{ host: "127.0.0.1", tls: "none" }, false],
  [{ host: "::1", tls: "none" }, false],
])(
  "the report of a domain with the source %j says whether passwords travel to it in clear: %j",
  async (change, inClear) => {
    const domain = sampleDomain("a.it");
    await store.domains.add({ ...domain, source: { ...domain.source, ...change } });
    expect(await domainReport(store, "a.it", "all")).toMatchObject({ sourceInClear: inClear });
  },
);

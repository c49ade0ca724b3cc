import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { copyNow } from "../../../src/copy/now.ts";
import { type FinalizeDeps, type FinalizeOptions, finalizeDomain } from "../../../src/cutover/finalize.ts";
import { verifyAccount } from "../../../src/cutover/verify.ts";
import { silentLog } from "../../../src/log/log.ts";
import { DEFAULT_FOLDER_POLICIES } from "../../../src/model/domain.ts";
import { sqliteQueue } from "../../../src/queue/sqlite.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";

// The servers are away: passes are done, and both sides are equal.
vi.mock("../../../src/copy/now.ts", () => ({ copyNow: vi.fn() }));
vi.mock("../../../src/cutover/verify.ts", async (original) => ({
  ...(await original<typeof import("../../../src/cutover/verify.ts")>()),
  verifyAccount: vi.fn(),
}));

const AT = "2026-01-01T00:00:00.000Z";

let store: Store;
let deps: FinalizeDeps;

beforeEach(async () => {
  const database = openDatabase(":memory:");
  store = sqliteStore(database);
  const queue = sqliteQueue(database);
  const clock = { now: () => 1_800_000_000_000 };
  deps = { store, queue, log: silentLog(), clock } as unknown as FinalizeDeps;
  await store.domains.add({
    name: "example.org",
    state: "migrating",
    source: { host: "old.example", port: 143, tls: "starttls", ca: null, verify: true },
    login: "address",
    cutover: { mx: [], txt: [] },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt: AT,
    finalizedAt: null,
  });
  const accounts = ["anna", "carlo", "never"].map((local) => ({
    address: `${local}@example.org`,
    domain: "example.org",
    sourceLogin: null,
    name: null,
    quota: null,
  }));
  await store.accounts.addMany(accounts, AT);
  for (const local of ["anna", "carlo"])
    for (const kind of ["captured", "copy-started", "synced"] as const)
      await store.accounts.apply(`${local}@example.org`, { kind }, AT);
  vi.mocked(copyNow).mockReset().mockResolvedValue({ kind: "done", copied: 0, refused: 0 });
  vi.mocked(verifyAccount)
    .mockReset()
    .mockImplementation(async (_deps, address) => ({
      address,
      equal: true,
      reader: "imapflow",
      remarks: [],
      folders: [],
      excluded: [],
    }));
});

afterEach(() => store.close());

const state = async () => (await store.domains.get("example.org"))?.state;

describe("asking before a domain is finalized", () => {
  const confirm = vi.fn<NonNullable<FinalizeOptions["confirm"]>>();
  const finalize = (options: Partial<FinalizeOptions> = {}) =>
    finalizeDomain(deps, "example.org", { dryRun: false, leaveStragglers: true, confirm, ...options });

  beforeEach(() => {
    confirm.mockReset().mockResolvedValue(undefined);
  });

  test("it is said how many passwords go and how many users are left behind, before anything is done", async () => {
    confirm.mockImplementation(async () => expect(await state()).toBe("migrating"));
    expect(await finalize()).toMatchObject({ kind: "finalized", accounts: 2, leftBehind: 1 });
    expect(confirm.mock.calls).toEqual([[2, 1]]);
  });

  test("a no leaves everything as it was, and asks no server", async () => {
    confirm.mockRejectedValue(new Error("nothing was done"));
    await expect(finalize()).rejects.toThrow("nothing was done");
    expect(await state()).toBe("migrating");
    expect(vi.mocked(copyNow)).not.toHaveBeenCalled();
  });

  test("nobody is asked in a dry run, where it is refused anyway, and where it was done before", async () => {
    await finalize({ dryRun: true });
    expect(await finalize({ leaveStragglers: false })).toMatchObject({ kind: "refused" });
    expect(confirm).not.toHaveBeenCalled();
    await finalize();
    await finalize();
    expect(confirm).toHaveBeenCalledTimes(1);
  });
});

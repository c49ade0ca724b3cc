import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { JobOutcome } from "../../../src/copy/deps.ts";
import { copyNow } from "../../../src/copy/now.ts";
import type { AccountComparison } from "../../../src/cutover/comparison.ts";
import { type FinalizeDeps, type FinalizeOptions, finalizeDomain } from "../../../src/cutover/finalize.ts";
import { verifyAccount } from "../../../src/cutover/verify.ts";
import { silentLog } from "../../../src/log/log.ts";
import { DEFAULT_FOLDER_POLICIES } from "../../../src/model/domain.ts";
import { Failure } from "../../../src/model/failure.ts";
import { sqliteQueue } from "../../../src/queue/sqlite.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";

// The servers are away: what a pass and a comparison find is said by each test.
vi.mock("../../../src/copy/now.ts", () => ({ copyNow: vi.fn() }));
vi.mock("../../../src/cutover/verify.ts", async (original) => ({
  ...(await original<typeof import("../../../src/cutover/verify.ts")>()),
  verifyAccount: vi.fn(),
}));

const AT = "2026-01-01T00:00:00.000Z";
const DONE: JobOutcome = { kind: "done", copied: 0, refused: 0 };

let store: Store;
let deps: FinalizeDeps;

beforeEach(async () => {
  const database = openDatabase(":memory:");
  store = sqliteStore(database);
  const queue = sqliteQueue(database);
  deps = {
    store,
    queue,
    log: silentLog(),
    clock: { now: () => 1_800_000_000_000 },
  } as unknown as FinalizeDeps;
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
  vi.mocked(copyNow).mockReset().mockResolvedValue(DONE);
  vi.mocked(verifyAccount)
    .mockReset()
    .mockImplementation(async (_deps, address) => comparison(address, 0));
});

afterEach(() => store.close());

describe("finalizing a domain", () => {
  test("proves each account, purges the sealed passwords and stops their jobs", async () => {
    await account("anna", "synced");
    await account("carlo", "synced");
    expect(await finalize()).toEqual({
      kind: "finalized",
      accounts: 2,
      leftBehind: 0,
      purged: 2,
      mended: 0,
      wrapped: 0,
      refused: 0,
    });
    expect(await standing()).toEqual(["finalized", "anna finalized", "carlo finalized"]);
    expect((await store.accounts.getCredentials("anna@example.org"))?.sealedSource).toBeNull();
    expect(vi.mocked(copyNow)).toHaveBeenCalledTimes(2);
    expect((await store.domains.get("example.org"))?.finalizedAt).toBe("2027-01-15T08:00:00.000Z");
    expect(await deps.queue.depth(Number.MAX_SAFE_INTEGER)).toEqual({ due: 0, leased: 0 });
  });

  test("refuses with a reason for each account that is not ready, and asks no server", async () => {
    await account("anna", "captured");
    await account("carlo", "copying");
    await account("ill", "attention");
    await account("never", "waiting");
    const outcome = await finalize();
    expect(outcome).toMatchObject({
      kind: "refused",
      reasons: [
        { code: "not_copied", account: "anna@example.org" },
        { code: "not_copied", account: "carlo@example.org" },
        { code: "attention", account: "ill@example.org", message: "The quota is full." },
        { code: "straggler", account: "never@example.org" },
      ],
    });
    expect((await standing())[0]).toBe("migrating");
    expect(vi.mocked(copyNow)).not.toHaveBeenCalled();
  });

  test("leaves stragglers behind when told so", async () => {
    await account("anna", "synced");
    await account("never", "waiting");
    expect(await finalize({ leaveStragglers: true })).toMatchObject({ kind: "finalized", leftBehind: 1 });
    expect(await standing()).toEqual(["finalized", "anna finalized", "never waiting"]);
  });

  test("makes another pass for mail that arrives between pass and comparison", async () => {
    await account("anna", "synced");
    vi.mocked(verifyAccount)
      .mockResolvedValueOnce(comparison("anna@example.org", 1))
      .mockResolvedValueOnce(comparison("anna@example.org", 0));
    expect((await finalize()).kind).toBe("finalized");
    expect(vi.mocked(copyNow)).toHaveBeenCalledTimes(2);
  });

  test("gives up on a difference that stays, and goes on migrating", async () => {
    await account("anna", "synced");
    vi.mocked(verifyAccount).mockResolvedValue(comparison("anna@example.org", 2));
    expect(await finalize()).toEqual({
      kind: "refused",
      reasons: [
        {
          code: "different",
          account: "anna@example.org",
          message: "Folder INBOX: 2 messages of 10 missing on the target.",
        },
      ],
    });
    expect(await standing()).toEqual(["migrating", "anna synced"]);
    expect((await store.accounts.getCredentials("anna@example.org"))?.sealedSource).not.toBeNull();
  });

  test("leaves refused messages behind only when told so", async () => {
    await account("anna", "synced");
    vi.mocked(verifyAccount).mockResolvedValue(comparison("anna@example.org", 2, 2));
    expect((await finalize()).kind).toBe("refused");
    expect((await finalize({ leaveRejected: true })).kind).toBe("finalized");
  });

  test("counts as left behind what the source still holds, not what it has deleted meanwhile", async () => {
    await account("anna", "synced");
    const address = "anna@example.org";
    await store.ledger.begin(address, 1);
    await store.ledger.putFolder(address, 1, {
      source: "INBOX",
      sourceUidValidity: 7,
      sourceUidNext: 10,
      sourceMessages: 1,
      sourceHighestModSeq: null,
      target: "INBOX",
      targetUidValidity: 8,
    });
    const refused = { targetUid: null, flags: [], internalDate: 1, size: 1, refusal: "virus" };
    const entries = [
      { ...refused, sourceUid: 1 },
      { ...refused, sourceUid: 2, goneSince: 1 },
    ];
    await store.ledger.record(address, 1, { source: "INBOX", entries }, null);
    expect(await finalize({ leaveRejected: true })).toMatchObject({ kind: "finalized", refused: 1 });
  });

  test("refuses when a last pass fails", async () => {
    await account("anna", "synced");
    const failure = new Failure("source-unreachable", "old.example:143 does not answer");
    vi.mocked(copyNow).mockResolvedValue({ kind: "failed", failure, isGettingOn: false });
    expect(await finalize()).toMatchObject({
      reasons: [{ code: "pass_failed", message: "old.example:143 does not answer" }],
    });
    expect((await standing())[0]).toBe("migrating");
  });

  test("takes along a straggler who logs in meanwhile", async () => {
    await account("anna", "synced");
    await account("late", "waiting");
    vi.mocked(copyNow).mockImplementationOnce(async () => {
      await capture("late");
      return DONE;
    });
    expect(await finalize({ leaveStragglers: true })).toMatchObject({
      kind: "finalized",
      accounts: 2,
      leftBehind: 0,
    });
    expect(vi.mocked(copyNow).mock.calls.map(([, address]) => address)).toEqual([
      "anna@example.org",
      "late@example.org",
    ]);
  });

  test("goes back to migrating when it is interrupted", async () => {
    await account("anna", "synced");
    const interrupt = new AbortController();
    vi.mocked(copyNow).mockImplementation(async () => {
      interrupt.abort();
      return { kind: "stopped" };
    });
    await expect(finalize({ signal: interrupt.signal })).rejects.toThrow("aborted");
    expect((await standing())[0]).toBe("migrating");
  });

  test("may be repeated after a crash at any point", async () => {
    await account("anna", "synced");
    await store.domains.update("example.org", { state: "finalizing" });
    expect((await finalize()).kind).toBe("finalized");
    // As if the run had ended right after it made the domain finalized.
    await account("carlo", "synced");
    expect(await finalize()).toMatchObject({ kind: "finalized", purged: 1 });
    expect(await standing()).toEqual(["finalized", "anna finalized", "carlo finalized"]);
  });

  test("does not finalize an account that was captured in the moment in which a run was killed", async () => {
    await account("anna", "synced");
    await account("late", "captured");
    await store.domains.update("example.org", { state: "finalized", finalizedAt: AT });
    expect(await finalize()).toMatchObject({
      kind: "refused",
      reasons: [{ code: "not_copied", account: "late@example.org" }],
    });
    expect(await standing()).toEqual(["migrating", "anna synced", "late captured"]);
    expect((await store.domains.get("example.org"))?.finalizedAt).toBeNull();
    expect((await store.accounts.getCredentials("late@example.org"))?.sealedSource).not.toBeNull();
  });

  test("a dry run changes nothing and says what it found", async () => {
    await account("anna", "synced");
    expect(await finalize({ dryRun: true })).toEqual({ kind: "possible", accounts: 1 });
    vi.mocked(verifyAccount).mockResolvedValue(comparison("anna@example.org", 2));
    const outcome = await finalize({ dryRun: true });
    expect(outcome).toMatchObject({ kind: "refused", reasons: [{ code: "different" }] });
    expect(await standing()).toEqual(["migrating", "anna synced"]);
    expect(vi.mocked(copyNow)).not.toHaveBeenCalled();
  });

  test("refuses a domain whose migration has not begun", async () => {
    await store.domains.update("example.org", { state: "preparing" });
    expect(await finalize()).toMatchObject({ kind: "refused", reasons: [{ code: "not_enabled" }] });
    expect((await standing())[0]).toBe("preparing");
  });
});

function finalize(options: Partial<FinalizeOptions> = {}) {
  return finalizeDomain(deps, "example.org", { dryRun: false, ...options });
}

async function account(local: string, state: "waiting" | "captured" | "copying" | "synced" | "attention") {
  const address = `${local}@example.org`;
  await store.accounts.addMany(
    [{ address, domain: "example.org", sourceLogin: null, name: null, quota: null }],
    AT,
  );
  if (state === "waiting") return;
  await capture(local);
  if (state === "captured") return;
  await store.accounts.apply(address, { kind: "copy-started" }, AT);
  if (state === "synced") await store.accounts.apply(address, { kind: "synced" }, AT);
  if (state === "attention")
    await store.accounts.apply(
      address,
      { kind: "attention", reason: "target_over_quota", message: "The quota is full." },
      AT,
    );
}

async function capture(local: string): Promise<void> {
  const address = `${local}@example.org`;
  await store.accounts.putCredentials(address, {
    verifier: "{ARGON2ID}x",
    sealedSource: Buffer.from("sealed"),
    sealedTarget: null,
  });
  await store.accounts.apply(address, { kind: "captured" }, AT);
  await deps.queue.put(address, 0);
}

async function standing(): Promise<string[]> {
  const domain = await store.domains.get("example.org");
  const lines = [domain?.state ?? "gone"];
  for await (const one of store.accounts.list({ domain: "example.org" }))
    lines.push(`${one.address.split("@")[0]} ${one.state}`);
  return lines;
}

function comparison(address: string, missing: number, refused = 0): AccountComparison {
  const folder = {
    source: "INBOX",
    target: "INBOX",
    equal: missing === 0,
    sourceCount: 10,
    targetCount: 10 - missing,
    missing,
    refused,
    missingMessages: [],
    extra: 0,
    removedOnTarget: 0,
    flagsChangedOnTarget: 0,
    mended: 0,
    remedied: { mended: 0, wrapped: 0, messages: [] },
    contentsCompared: 0,
    different: [],
    differences: 0,
  };
  return { address, equal: missing === 0, reader: "imapflow", remarks: [], folders: [folder], excluded: [] };
}

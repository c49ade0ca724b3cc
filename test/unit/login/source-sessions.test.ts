import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../../../src/log/log.ts";
import type { Subject } from "../../../src/login/deps.ts";
import { SourceSessions } from "../../../src/login/source-sessions.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";

const SOURCE = "mail.old.example";
const SUBJECT = {
  account: { address: "anna@example.org" },
  domain: { source: { host: SOURCE, port: 993 } },
} as unknown as Subject;

describe("sessions that lead to a source", () => {
  let store: Store;

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-03-01T10:00:00Z") });
    store = sqliteStore(openDatabase(":memory:"));
  });

  afterEach(async () => {
    vi.useRealTimers();
    await store.close();
  });

  const log = createLog({ level: "error", stream: { write: () => undefined } });
  const made = (of: Pick<Store, "budgets"> = store) =>
    new SourceSessions({ store: of, clock: { now: () => Date.now() }, log }, "host/1/2/me");
  const counted = async () => (await store.budgets.use(SOURCE, "", Date.now())).sessions;

  it("count for as long as they last, which may be days", async () => {
    const leave = await made().count(SUBJECT);
    await vi.advanceTimersByTimeAsync(3 * 86_400_000);
    expect(await counted()).toBe(1);
    leave();
    leave();
    await vi.advanceTimersByTimeAsync(0);
    expect(await counted()).toBe(0);
  });

  it("of a process that was killed count no more after a minute, or as soon as somebody notices", async () => {
    await made().count(SUBJECT);
    vi.clearAllTimers();
    vi.setSystemTime(Date.now() + 61_000);
    expect(await counted()).toBe(0);
    await made().count(SUBJECT);
    await store.budgets.releaseDead((owner) => owner.startsWith("host/1/2/"));
    expect(await counted()).toBe(0);
  });

  it("are given back later where the store does not answer", async () => {
    let isDown = true;
    const sessions = made({
      budgets: {
        ...store.budgets,
        release: async (id) => (isDown ? Promise.reject(new Error("busy")) : store.budgets.release(id)),
      },
    });
    const leave = await sessions.count(SUBJECT);
    leave();
    await vi.advanceTimersByTimeAsync(0);
    expect(await counted()).toBe(1);
    isDown = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await counted()).toBe(0);
  });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import type { LoginDeps } from "../../src/login/login.ts";
import { Failure } from "../../src/model/failure.ts";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { type Database, openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { CANARY } from "../kit/canary.ts";
import { type LoginStage, requestOf, setPassword, startLoginStage } from "./login-stage.ts";

const RIGHT = `giusta ${CANARY}`;
const [HOME, STRANGER] = ["198.51.100.1", "203.0.113.1"];

/** A database whose disk has no room as long as it is full. */
function database() {
  const real = openDatabase(":memory:");
  const disk = { isFull: false };
  const refuse = () => {
    if (disk.isFull) throw new Failure("store-unwritable", "the disk is full");
  };
  const full: Database = {
    ...real,
    prepare: (sql) => {
      if (/^\s*(INSERT|UPDATE|DELETE)/.test(sql)) refuse();
      return real.prepare(sql);
    },
    transaction: (work) => {
      refuse();
      return real.transaction(work);
    },
  };
  return Object.assign(disk, { database: full });
}

let stage: LoginStage;
let disk: ReturnType<typeof database>;
let store: Store;

beforeAll(async () => {
  stage = await startLoginStage("authzid");
  disk = database();
  store = sqliteStore(disk.database);
  const domain = await stage.store.domains.get("a.it");
  if (!domain) throw new Error("a.it is there");
  await store.domains.add(domain);
});

afterAll(() => stage?.stop());

/** By a process that has just begun. */
async function endingOf(user: string, password: string, address: string, by = newProcess()) {
  const client = { address, port: 4711, tls: true };
  try {
    const grant = await by({ ...requestOf(user, password), client }, new AbortController().signal);
    grant.target.close();
    return "ok";
  } catch (error) {
    return (error as Failure).kind;
  }
}

function newProcess(changes: Partial<LoginDeps> = {}) {
  return stage.process({ store, queue: sqliteQueue(disk.database), ...changes }, { longestDelayMs: 20 });
}

async function account(address: string): Promise<void> {
  const known = { address, domain: "a.it", sourceLogin: null, name: null, quota: null };
  await store.accounts.addMany([known], new Date().toISOString());
  await stage.deps.provisioner.ensure({ address, verifier: null, name: null, quota: null });
  await setPassword(stage.source, address, RIGHT);
}

test("on a full disk guesses are counted, of names that nobody has as well, and users who have been let in before get in", async () => {
  const [known, waiting] = ["anna@a.it", "bruno@a.it"];
  for (const address of [known, waiting]) await account(address);
  expect(await endingOf(known, RIGHT, HOME)).toBe("ok");
  await store.accounts.apply(known, { kind: "synced" }, new Date().toISOString());

  disk.isFull = true;
  for (const name of [known, "nessuno@a.it"]) {
    const endings: string[] = [];
    for (let n = 0; n < 12; n += 1) endings.push(await endingOf(name, `guess ${n}`, STRANGER));
    expect(endings).toEqual([...Array(10).fill("store-unwritable"), "throttled", "throttled"]);
    expect(await endingOf(name, RIGHT, STRANGER)).toBe("throttled");
  }
  expect(await endingOf(known, RIGHT, HOME)).toBe("ok");
  // A first login cannot be kept. It comes again and again, and neither shuts its user out nor those behind the same address.
  for (let n = 0; n < 12; n += 1) expect(await endingOf(waiting, RIGHT, HOME)).toBe("store-unwritable");
  expect(await store.throttles.counts([`network ${HOME}`, `account ${waiting}`])).toEqual([0, 1]);

  disk.isFull = false;
  expect(await endingOf(waiting, RIGHT, HOME)).toBe("ok");
  expect(await endingOf(known, "guess 12", STRANGER)).toBe("throttled");
});

test("a second program gets in though the disk fills just after the first one, and where it came from is noted when there is room", async () => {
  const address = "carla@a.it";
  await account(address);
  let aheadMs = 0;
  const by = newProcess({ clock: { now: () => Date.now() + aheadMs } });
  expect(await endingOf(address, RIGHT, HOME, by)).toBe("ok");
  await store.accounts.apply(address, { kind: "synced" }, new Date().toISOString());
  // A turn of the copier's that the second login would have earlier.
  disk.database.prepare("DELETE FROM job").run();
  await sqliteQueue(disk.database).put(address, Date.now() + 60_000);
  disk.isFull = true;
  const enqueued = stage.enqueued.length;
  expect(await endingOf(address, RIGHT, "198.51.100.2", by)).toBe("ok");
  expect(stage.enqueued.length).toBe(enqueued);
  const isKnown = async () =>
    (await store.throttles.acquaintance(address, "198.51.100.2", Date.now())).isKnown;
  expect(await isKnown()).toBe(false);
  disk.isFull = false;
  aheadMs = 61_000;
  expect(await endingOf(address, RIGHT, "198.51.100.2", by)).toBe("ok");
  expect(await isKnown()).toBe(true);
});

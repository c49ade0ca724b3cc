import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { test as base, describe, expect } from "vitest";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { type Database, openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { sampleAccount, sampleDomain, sampleEntry, sampleFolder, sampleIntent, T1 } from "./samples.ts";

const run = promisify(execFile);
const X = "x@a.it";

interface Disk {
  readonly file: string;
  readonly database: Database;
  readonly store: Store;
  /** From now on the file may not grow: SQLite then says what it says on a full disk. */
  readonly fill: () => void;
  readonly makeRoom: () => void;
}

const test = base.extend<{ folder: string; disk: Disk }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  folder: async ({}, use) => {
    const folder = await makeTempFolder("full");
    await use(folder);
    await removeTempFolder(folder);
  },
  disk: async ({ folder }, use) => {
    const file = join(folder, "imbarco.db");
    const database = openDatabase(file);
    const store = sqliteStore(database);
    const limit = (pages: number) => database.prepare(`PRAGMA max_page_count = ${pages}`).get();
    await store.domains.add(sampleDomain("a.it"));
    await store.accounts.addMany([sampleAccount(X)], T1);
    await use({ file, database, store, fill: () => limit(1), makeRoom: () => limit(1_000_000) });
    await store.close();
  },
});

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => sampleAccount(`user-${at}@a.it`, { name: "n".repeat(100) }));

describe("a database on a full disk", () => {
  test("says which file it is, has done nothing of an import, and does it all when there is room", async ({
    disk: { store, file, fill, makeRoom },
  }) => {
    fill();
    await expect(store.accounts.addMany(many(1_000), T1)).rejects.toMatchObject({
      kind: "store-unwritable",
      message: expect.stringContaining(`${file} is full: make room`),
    });
    expect(await store.accounts.get("user-0@a.it")).toBeUndefined();
    expect(await store.accounts.get(X)).toMatchObject({ address: X, state: "waiting" });
    makeRoom();
    expect(await store.accounts.addMany(many(1_000), T1)).toEqual({ created: 1_000, existing: 0 });
  });

  test("keeps the intent of a batch that cannot be recorded, and takes the record when there is room", async ({
    disk: {
      store: { ledger },
      fill,
      makeRoom,
    },
  }) => {
    await ledger.begin(X, 1);
    await ledger.putFolder(X, 1, sampleFolder("INBOX"));
    const intent = sampleIntent("1.1.1");
    await ledger.intend(X, 1, intent);
    fill();
    const flags = Array.from({ length: 50 }, (_, at) => `keyword-${at}`);
    const entries = Array.from({ length: 20_000 }, (_, at) =>
      sampleEntry(at + 1, {
        internalDate: (at * 7_919_191) % 2_000_000_000,
        size: (at * 104_729) % 999_983,
        flags,
      }),
    );
    const batch = { source: "INBOX", entries };
    await expect(ledger.record(X, 1, batch, intent.id)).rejects.toMatchObject({ kind: "store-unwritable" });
    expect(await ledger.intents(X)).toEqual([intent]);
    expect((await ledger.load(X))[0]?.entries).toEqual([]);
    makeRoom();
    await ledger.record(X, 1, batch, intent.id);
    expect(await ledger.intents(X)).toEqual([]);
    expect((await ledger.load(X))[0]?.entries).toHaveLength(20_000);
  });

  test("turns nobody away for a note of where they came from", async ({ disk: { store, fill } }) => {
    fill();
    const names = Array.from({ length: 500 }, (_, at) => `${"n".repeat(100)}-${at}@a.it`);
    for (const name of names) await store.throttles.noteAcquaintance(name, "192.0.2.0/24", 1_000, 2_000);
    const { isKnown } = await store.throttles.acquaintance(names.at(-1) ?? "", "192.0.2.0/24", 1_000);
    expect(isKnown).toBe(false);
  });

  test("takes no wrong password less for granted: they are counted in memory, and written down with the next one when there is room", async ({
    disk: { file, store, fill, makeRoom },
  }) => {
    fill();
    const keys = Array.from({ length: 500 }, (_, at) => `account ${"n".repeat(100)}-${at}@a.it`);
    await store.throttles.count(keys, 3_600_000);
    await store.throttles.count(keys, 3_600_000);
    expect(new Set(await store.throttles.counts(keys))).toEqual(new Set([2]));
    const elsewhere = sqliteStore(openDatabase(file));
    expect(await elsewhere.throttles.counts(keys)).toContain(0);
    makeRoom();
    await store.throttles.count(["account another@a.it"], 3_600_000);
    expect(new Set(await elsewhere.throttles.counts(keys))).toEqual(new Set([2]));
    expect(new Set(await store.throttles.counts(keys))).toEqual(new Set([2]));
    await elsewhere.close();
  });

  test("lets what is counted in memory be forgotten on demand", async ({ disk: { store, fill } }) => {
    fill();
    const names = Array.from({ length: 500 }, (_, at) => `${"n".repeat(100)}-${at}@a.it`);
    await store.throttles.count(
      names.map((name) => `account ${name}`),
      3_600_000,
    );
    expect(await store.throttles.clear(names.at(-1) ?? "")).toBe(1);
    expect(await store.throttles.counts([`account ${names.at(-1)}`, `account ${names.at(-2)}`])).toEqual([
      0, 1,
    ]);
  });

  test("tells a wrong password that was tried before from a new one", async ({
    disk: {
      store: { throttles },
      fill,
      makeRoom,
    },
  }) => {
    fill();
    const digests = Array.from({ length: 500 }, (_, at) => Buffer.alloc(100, `${at} `));
    const note = (digest: Buffer) =>
      throttles.noteRefused(
        { name: X, domain: "a.it", digest, refusals: 1, againAt: 5_000, keptUntil: 10_000 },
        1_000,
      );
    for (const digest of digests) expect(await note(digest)).toBe(true);
    for (const digest of digests) expect(await note(digest)).toBe(false);
    const last = digests.at(-1) ?? Buffer.alloc(0);
    expect(await throttles.refused(X, last, 1_000)).toMatchObject({ refusals: 1, againAt: 5_000 });
    await throttles.askAgain(X);
    expect(await throttles.refused(X, last, 1_000)).toMatchObject({ againAt: 0 });
    makeRoom();
    expect(await note(last)).toBe(false);
    expect(await throttles.refused(X, last, 10_000)).toBeUndefined();
  });

  test("is not written to by whoever asks for a turn that is due already", async ({ disk: { database } }) => {
    const queue = sqliteQueue(database);
    await queue.put(X, 1_000);
    database.prepare("PRAGMA query_only = ON").get();
    await queue.put(X, 1_000);
    await queue.put(X, 5_000);
    await expect(queue.put(X, 500)).rejects.toThrow("readonly");
    database.prepare("PRAGMA query_only = OFF").get();
    expect(await queue.depth(1_000)).toEqual({ due: 1, leased: 0 });
  });
});

describe("a passwd-file on a full disk", () => {
  test("stays as it is, with nothing beside it, and the error says what to do", async ({ folder }) => {
    const path = join(folder, "passwd");
    const before = Array.from({ length: 2_000 }, (_, at) => `user-${at}@a.it:{CRYPT}*::::::\n`).join("");
    await writeFile(path, before);
    const program = `
      import { silentLog } from "${join(import.meta.dirname, "../../src/log/log.ts")}";
      import { passwdFileProvisioner } from "${join(import.meta.dirname, "../../src/provision/passwd-file.ts")}";
      const request = { address: "x@a.it", verifier: "{CRYPT}x", name: null, quota: null };
      await passwdFileProvisioner(${JSON.stringify(path)}, silentLog()).ensure(request).catch((error) => console.log(error.kind, error.message));
    `;
    // Files of 8 KB at most, where this one has 50: what a full disk does, without a disk of our own.
    const limited = 'ulimit -f 16; exec "$0" --input-type=module-typescript -e "$1"';
    const { stdout } = await run("sh", ["-c", limited, process.execPath, program]);
    expect(stdout).toContain("provision-failed");
    expect(stdout).toContain(`${path} was left as it is: there is no room for another version of it`);
    expect(await readFile(path, "utf8")).toBe(before);
    expect(await readdir(folder)).toEqual(["passwd"]);
  });
});

describe("a log on a full disk", () => {
  test("ends no process", async () => {
    const program = `
      import { createLog } from "${join(import.meta.dirname, "../../src/log/log.ts")}";
      import { setTimeout } from "node:timers/promises";
      const log = createLog({ level: "info" });
      for (let line = 0; line < 3; line += 1) {
        log.info({ event: "serve.ready" }, "a line");
        await setTimeout(30);
      }
      process.stderr.write("lives");
    `;
    const { stderr } = await run("sh", [
      "-c",
      '"$0" --input-type=module-typescript -e "$1" > /dev/full',
      process.execPath,
      program,
    ]);
    expect(stderr).toBe("lives");
  });
});

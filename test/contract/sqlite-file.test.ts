import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { test as base, expect } from "vitest";
import { DatabaseError, openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { sampleAccount, sampleDomain, T1 } from "./samples.ts";

const WRITER = join(import.meta.dirname, "sqlite-writer.ts");
const run = promisify(execFile);

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  folder: async ({}, use) => {
    const folder = await makeTempFolder("sqlite");
    await use(folder);
    await removeTempFolder(folder);
  },
});

function modeOf(path: string): Promise<string> {
  return stat(path).then(({ mode }) => (mode & 0o777).toString(8));
}

test("the file, its log and a folder made for it are private", async ({ folder }) => {
  const file = join(folder, "data", "imbarco.db");
  const database = openDatabase(file);
  const modes = await Promise.all([join(folder, "data"), file, `${file}-wal`, `${file}-shm`].map(modeOf));
  expect(modes).toEqual(["700", "600", "600", "600"]);
  database.close();
  await chmod(file, 0o644);
  openDatabase(file).close();
  expect(await modeOf(file)).toBe("600");
});

test("what was written is there after closing and opening", async ({ folder }) => {
  const file = join(folder, "imbarco.db");
  const first = sqliteStore(openDatabase(file));
  await first.domains.add(sampleDomain("a.it"));
  await first.close();
  await first.close();
  const second = sqliteStore(openDatabase(file));
  expect(await second.domains.get("a.it")).toEqual(sampleDomain("a.it"));
  await second.close();
});

test("a database of a newer version is refused and left as it is", async ({ folder }) => {
  const file = join(folder, "imbarco.db");
  openDatabase(file).close();
  const raw = new DatabaseSync(file);
  raw.exec("PRAGMA user_version = 999");
  raw.close();
  expect(() => openDatabase(file)).toThrow(/version 999.*run the newer imbarco/);
});

test("a database of another program is refused and left as it is", async ({ folder }) => {
  const file = join(folder, "theirs.db");
  const raw = new DatabaseSync(file);
  raw.exec("CREATE TABLE account (id INTEGER)");
  raw.close();
  expect(() => openDatabase(file)).toThrow(/database of another program/);
});

test("a file that is no database, and a folder in its place, are refused with the path", async ({
  folder,
}) => {
  const file = join(folder, "note.txt");
  await writeFile(
    file,
    "a note, certainly not a database, and long enough for nobody to take it for an empty one\n".repeat(20),
  );
  expect(() => openDatabase(file)).toThrow(DatabaseError);
  expect(await readFile(file, "utf8")).toContain("a note");
  await mkdir(join(folder, "folder.db"));
  expect(() => openDatabase(join(folder, "folder.db"))).toThrow(/folder\.db cannot be opened/);
});

test("processes that start on the same new file at once lose no write and never share a lease", async ({
  folder,
}) => {
  const file = join(folder, "imbarco.db");
  const rounds = 100;
  const writers = ["p", "q", "r"].map((name) => run(process.execPath, [WRITER, file, name, String(rounds)]));
  const lines = (await Promise.all(writers)).flatMap(({ stdout }) => stdout.trimEnd().split("\n"));
  expect(lines).toHaveLength(3 * rounds);
  expect(new Set(lines.map((line) => line.split(" ")[0])).size).toBe(3 * rounds);
  expect(new Set(lines.map((line) => line.split(" ")[1])).size).toBe(3 * rounds);
  const store = sqliteStore(openDatabase(file));
  expect((await store.accounts.get("x@a.it"))?.failedLogins).toBe(3 * rounds);
  await store.close();
});

test("after a purge and compacting, neither file nor log holds an octet of what was sealed", async ({
  folder,
}) => {
  const file = join(folder, "imbarco.db");
  const store = sqliteStore(openDatabase(file));
  const other = sqliteStore(openDatabase(file));
  await store.domains.add(sampleDomain("a.it"));
  const addresses = Array.from({ length: 500 }, (_, at) => `user${at}@a.it`);
  await store.accounts.addMany(
    addresses.map((address) => sampleAccount(address)),
    T1,
  );
  for (const address of addresses) {
    const sealedSource = Buffer.from(`SEALED-SOURCE-${address}`.repeat(20));
    await store.accounts.putCredentials(address, {
      verifier: "VERIFIER",
      sealedSource,
      sealedTarget: Buffer.from(`SEALED-TARGET-${address}`),
    });
  }
  expect(await octetsOf(file)).toContain("SEALED-SOURCE-user7@");
  expect(await store.accounts.purgeSealed("a.it")).toBe(500);
  await store.compact();
  const octets = await octetsOf(file);
  expect(octets).not.toContain("SEALED-");
  expect(octets).toContain("VERIFIER");
  expect((await other.accounts.getCredentials("user7@a.it"))?.sealedSource).toBeNull();
  await other.close();
  await store.close();
});

async function octetsOf(file: string): Promise<string> {
  const parts = await Promise.all([readFile(file, "latin1"), readFile(`${file}-wal`, "latin1")]);
  return parts.join("");
}

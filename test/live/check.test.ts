import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Finding } from "../../src/cli/finding.ts";
import { DEFAULT_FOLDER_POLICIES } from "../../src/model/domain.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { type ImbarcoProcess, startImbarco } from "../kit/imbarco.ts";

const DOMAIN = "azienda.test";
const ANNA = `anna@${DOMAIN}`;

let source: Dovecot;
let target: Dovecot;
let imbarco: ImbarcoProcess | undefined;

beforeEach(async () => {
  source = await startDovecot();
  target = await startDovecot({ masterUser: { user: "master", password: "kanarie-7d1f-master" } });
});

afterEach(async () => {
  await imbarco?.stop();
  imbarco = undefined;
  await target.stop();
  await source.stop();
});

async function prepare(master?: { user: string; password: string }): Promise<ImbarcoProcess> {
  imbarco = await startImbarco({ target, start: false, ...(master ? { master } : {}) });
  return imbarco;
}

/** A domain and an account, as `domain add` and `users add` leave them. */
async function enter(folder: string): Promise<void> {
  const store = sqliteStore(openDatabase(join(folder, "data/imbarco.db")));
  const createdAt = "2026-01-01T00:00:00.000Z";
  await store.domains.add({
    name: DOMAIN,
    state: "preparing",
    source: source.endpoint(),
    login: "address",
    cutover: { mx: [], txt: [] },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt,
    finalizedAt: null,
  });
  const account = { address: ANNA, domain: DOMAIN, sourceLogin: null, name: null, quota: null };
  await store.accounts.addMany([account], createdAt);
  await store.close();
}

async function check(process: ImbarcoProcess) {
  const { status, stdout } = await process.cli(["check", "--json"]);
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  const of = (name: string) => findings.filter((finding) => finding.check === name);
  return { status, ok, findings, of };
}

/** A row of the target's user list; Dovecot reads the file anew when it has changed. */
async function setRow(row: string): Promise<void> {
  await writeFile(target.passwdFile, `${row}\n`);
}

test("before the first start all is well, and nothing is made", async () => {
  const process = await prepare();
  const before = await readdir(process.folder);
  const { status, ok, of } = await check(process);
  expect({ status, ok }).toEqual({ status: 0, ok: true });
  expect(of("target")).toMatchObject([{ status: "ok" }]);
  expect(of("store")).toMatchObject([{ status: "ok", message: "is not there yet and will be made" }]);
  expect(await readdir(process.folder)).toEqual(before);
  expect(existsSync(join(process.folder, "data"))).toBe(false);
});

test("a locked account, its source and the master login are tried", async () => {
  const process = await prepare({ user: "master", password: "kanarie-7d1f-master" });
  await enter(process.folder);
  await setRow(`${ANNA}:{CRYPT}*::::::`);
  const database = await readFile(join(process.folder, "data/imbarco.db"));
  const { status, findings, of } = await check(process);
  expect(findings.filter((finding) => finding.status === "fail")).toEqual([]);
  expect(status).toBe(0);
  expect(of("master login")).toMatchObject([{ status: "ok", message: `master may log in as ${ANNA}` }]);
  expect(of("locked")).toMatchObject([{ status: "ok", subject: ANNA }]);
  expect(of("source")).toMatchObject([{ status: "ok", message: "answers" }]);
  expect(await readFile(join(process.folder, "data/imbarco.db"))).toEqual(database);
});

test("a target that lets in without a password must not go live", async () => {
  const process = await prepare();
  await enter(process.folder);
  await setRow(`${ANNA}:{PLAIN}::::::`);
  const { status, of } = await check(process);
  expect(status).toBe(1);
  expect(of("locked")).toMatchObject([
    { status: "fail", message: expect.stringContaining("do not go live") },
  ]);
});

test("its guesses slow down nobody: the target counts them for addresses that no client can have", async () => {
  const strict = "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0600\n  }\n}";
  await target.stop();
  target = await startDovecot({ trustProxy: true, config: strict });
  const process = await prepare();
  await enter(process.folder);
  await setRow(`${ANNA}:{CRYPT}*::::::`);
  expect((await check(process)).of("locked")).toMatchObject([{ status: "ok" }]);
  const log = await target.log();
  expect(log).toMatch(/rip=192\.0\.2\.1,/);
  expect(log).toMatch(/rip=192\.0\.2\.2,/);
  expect(log).not.toMatch(/auth failed.*rip=127\.0\.0\.1,/);
});

test("a wrong master password is found", async () => {
  const process = await prepare({ user: "master", password: "kanarie-7d1f-wrong" });
  await enter(process.folder);
  await setRow(`${ANNA}:{CRYPT}*::::::`);
  expect((await check(process)).of("master login")).toMatchObject([{ status: "fail" }]);
});

test("a source and a target that are down are named, each with its address", async () => {
  const process = await prepare();
  await enter(process.folder);
  await source.halt();
  await target.halt();
  const { status, of } = await check(process);
  expect(status).toBe(1);
  expect(of("target")).toMatchObject([{ status: "fail", subject: `127.0.0.1:${target.imapPort}` }]);
  expect(of("source")).toMatchObject([{ status: "fail", subject: expect.stringContaining(DOMAIN) }]);
});

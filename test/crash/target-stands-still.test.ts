import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { CANARY } from "../kit/canary.ts";
import { differences, fillMailbox, readMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { processTree, signalAll } from "../kit/processes.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `kim-${CANARY}`;
const ADDRESS = `kim@${DOMAIN}`;
const MESSAGES = 3_000;
/** Longer than any quiet time of the copier: what it goes by must be something else. */
const LONGER_THAN_QUIET_MS = 14_000;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ users: { kim: PASSWORD }, targetTls: "none" });
  const INBOX = Array.from({ length: MESSAGES }, (_, at) => ({
    body: Buffer.from(`Message-ID: <${at}@letters.test>\r\n\r\n${"all work and no play\r\n".repeat(40)}`),
    internalDate: "01-Apr-2022 12:00:00 +0000",
  }));
  const place = { ...platform.source.endpoint(), tls: "starttls" as const };
  await fillMailbox(place, ADDRESS, PASSWORD, { INBOX });
});

afterAll(() => platform?.stop());

it("what lies in the buffers of a target that stands still is not sent again after kill -9, however late it is stored", async () => {
  (await platform.logIn("kim")).close();
  const stopped = await withStore(standStill);
  await platform.imbarco.kill9();
  await platform.imbarco.start();
  await waitFor(
    () => platform.imbarco.logLines().some(({ event }) => event === "copy.wait"),
    "a copier that knows that the target holds its connection",
  );
  const before = await storedCount();
  await sleep(LONGER_THAN_QUIET_MS);
  expect(await storedCount()).toBe(before);
  signalAll(stopped, "SIGCONT");
  await platform.synced("kim");
  const { source, target } = await platform.bothSides("kim");
  expect(differences(source, target)).toEqual([]);
  const done = platform.imbarco.logLines().find(({ event }) => event === "copy.done");
  // What arrived late was found, not sent.
  expect(done?.["reconciled"]).toBeGreaterThan(0);
});

/** Stops the target's imap processes in the middle of the copy, without a lock in their hands: others must be able to work. */
async function standStill(store: Store): Promise<number[]> {
  return await waitFor(
    async () => {
      const { state, messagesCopied } = (await store.accounts.get(ADDRESS)) ?? {};
      if (state === "synced") throw new Error("the copy is over already");
      if ((messagesCopied ?? 0) <= 50) return null;
      const pids = await imapProcesses();
      signalAll(pids, "SIGSTOP");
      const isUnderWay = (await store.ledger.intents(ADDRESS)).length > 0;
      const isStaged = pids.length > 0 && isUnderWay && !(await holdLocks(pids));
      if (isStaged && (await buffersFill())) return pids;
      signalAll(pids, "SIGCONT");
      return null;
    },
    "imap processes without a lock",
    { everyMs: 3 },
  );
}

/** Lends the copier's database to `work`, to be read only. */
async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const file = join(platform.imbarco.folder, "data", "imbarco.db");
  const store = sqliteStore(openDatabase(file, { readOnly: true }));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function imapProcesses(): Promise<number[]> {
  const master = Number(await readFile(join(platform.target.folder, "run", "master.pid"), "latin1"));
  const found: number[] = [];
  for (const pid of await processTree(master)) {
    const name = await readFile(`/proc/${pid}/comm`, "latin1").catch(() => ""); // ended meanwhile
    if (name.trim() === "imap") found.push(pid);
  }
  return found;
}

async function holdLocks(pids: readonly number[]): Promise<boolean> {
  if (existsSync(join(platform.target.folder, "mail", ADDRESS, "mail", "dovecot-uidlist.lock"))) return true;
  const locks = (await readFile("/proc/locks", "latin1")).split("\n");
  return locks.some((line) => pids.includes(Number(line.split(/\s+/)[4])));
}

/** Whether the copier goes on sending for a moment, so that whole messages lie in the buffers of the stopped. */
async function buffersFill(): Promise<boolean> {
  const port = `:${platform.target.imapPort.toString(16).toUpperCase().padStart(4, "0")}`;
  let last = "";
  for (let looks = 0; looks < 10; looks += 1) {
    const table = (await readFile("/proc/net/tcp", "latin1")).split("\n");
    const waiting = table
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local]) => local?.endsWith(port))
      .map(([, , , , queues]) => Number.parseInt(queues?.split(":")[1] ?? "0", 16));
    const reading = waiting.join(" ");
    if (reading === last && waiting.some((octets) => octets > 10_000)) return true;
    last = reading;
    await sleep(200);
  }
  return false;
}

/** Looked up on disk by a process of its own: the target's answers to the copier are not asked for. */
async function storedCount(): Promise<number> {
  const place = { ...platform.target.endpoint("none"), tls: "none" as const };
  const mailbox = await readMailbox(place, ADDRESS, PASSWORD);
  return mailbox.get("INBOX")?.messages.length ?? 0;
}

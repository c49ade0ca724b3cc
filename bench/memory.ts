import { createCipheriv } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CANARY } from "../test/kit/canary.ts";
import { type Dovecot, startDovecot } from "../test/kit/dovecot.ts";
import { type ImbarcoProcess, startImbarco } from "../test/kit/imbarco.ts";
import {
  countMessages,
  differences,
  fillMailbox,
  type MessageToStore,
  openMailbox,
  readMailbox,
} from "../test/kit/mailbox.ts";
import { waitFor } from "../test/kit/wait-for.ts";

/**
 * Peak memory of `imbarco serve` while it copies four accounts at once, large messages among ordinary ones, between two real Dovecots over
 * STARTTLS: `npm run bench:memory`. A message is never held whole, so the peak must not grow with their size.
 */
const DOMAIN = "bench.example";
const USERS = ["anna", "bruno", "carla", "dario"].map((name) => `${name}@${DOMAIN}`);
const PASSWORD = `${CANARY} bench`;
const FOLDERS = ["INBOX", "Archive", "Films"];
/** In each folder of each account. */
const ORDINARY = 250;
const LARGE = 2;
const LARGE_MB = 30;
const LIMIT_MB = 150;
/** Ordinary messages are cut from one long text: 1 to 40 KB, most of them small. */
const ORDINARY_KB = [1, 2, 2, 3, 3, 4, 5, 7, 11, 40];
const KEYWORDS = [["\\Seen"], ["\\Seen"], ["\\Seen", "\\Answered"], [], ["\\Seen", "$Label1"]];

async function main(): Promise<void> {
  const source = await startDovecot({ users: Object.fromEntries(USERS.map((user) => [user, PASSWORD])) });
  const target = await startDovecot({ mail: "mdbox" });
  const imbarco = await startImbarco({ target, config: { log: { level: "info" } } });
  try {
    await fill(source);
    const { host, imapPort, caFile } = source;
    await imbarco.json(["domain", "add", DOMAIN, "--source", `${host}:${imapPort}`, "--source-ca", caFile]);
    for (const user of USERS) await imbarco.json(["users", "add", user]);
    await imbarco.json(["domain", "enable", DOMAIN]);
    // The first start after a change of the sources also strips their types.
    await imbarco.restart();
    const idle = await peakMegabytes(imbarco.pid);
    const start = performance.now();
    await copyAll(imbarco);
    const seconds = (performance.now() - start) / 1000;
    const peak = await peakMegabytes(imbarco.pid);
    const isExact = await compare(source, target);
    console.log(
      `${USERS.length} accounts at once, each ${FOLDERS.length * ORDINARY} messages and ${FOLDERS.length * LARGE} of ${LARGE_MB} MB: ${seconds.toFixed(1)} s`,
    );
    console.log(
      `peak RSS before the logins ${idle} MB, over the whole copy ${peak} MB (limit ${LIMIT_MB} MB)`,
    );
    if (!isExact || peak > LIMIT_MB) process.exitCode = 1;
  } catch (error) {
    console.error(imbarco.logText().split("\n").slice(-20).join("\n"));
    throw error;
  } finally {
    await imbarco.stop();
    await source.stop();
    await target.stop();
  }
}

async function fill(source: Dovecot): Promise<void> {
  for (const [index, user] of USERS.entries())
    for (const folder of FOLDERS) {
      const messages = [...ordinaryMessages(index), ...largeMessages(index)];
      await fillMailbox(source.endpoint(), user, PASSWORD, { [folder]: messages });
    }
}

/** Every user logs in, which starts the copy of their account; ends when all are copied. */
async function copyAll(imbarco: ImbarcoProcess): Promise<void> {
  const clients = await Promise.all(
    USERS.map((user) => openMailbox(imbarco.place("starttls"), user, PASSWORD)),
  );
  for (const client of clients) client.close();
  const areSynced = async () => {
    const accounts = await imbarco.json<{ state: string }[]>(["users", "list", DOMAIN]);
    return accounts.every(({ state }) => state === "synced");
  };
  await waitFor(areSynced, "the end of the copies", { limitMs: 300_000, everyMs: 500 });
}

/** Whether both sides are equal; prints what is not. */
async function compare(source: Dovecot, target: Dovecot): Promise<boolean> {
  let isExact = true;
  for (const user of USERS) {
    const original = await readMailbox(source.endpoint(), user, PASSWORD);
    const copy = await readMailbox(target.endpoint(), user, PASSWORD);
    const unlike = differences(original, copy);
    for (const difference of unlike) console.log(`${user}: ${difference}`);
    const expected = FOLDERS.length * (ORDINARY + LARGE);
    if (unlike.length > 0 || countMessages(copy) !== expected) isExact = false;
  }
  return isExact;
}

function ordinaryMessages(account: number): MessageToStore[] {
  const text = base64Lines(100_000, 100 + account);
  return Array.from({ length: ORDINARY }, (_, index) => {
    const size = (ORDINARY_KB[index % ORDINARY_KB.length] ?? 1) * 1000;
    const from = index * 78;
    const head = `Subject: letter ${index}\r\nMessage-ID: <${account}.${index}@${DOMAIN}>\r\n\r\n`;
    const flags = KEYWORDS[index % KEYWORDS.length] ?? [];
    return { body: Buffer.concat([Buffer.from(head), text.subarray(from, from + size)]), flags };
  });
}

/** As a film sent by mail: one large base64 body. */
function largeMessages(account: number): MessageToStore[] {
  return Array.from({ length: LARGE }, (_, index) => {
    const head = `Subject: film ${index}\r\nMIME-Version: 1.0\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
    const text = base64Lines(LARGE_MB * 1e6, account * LARGE + index + 1);
    return { body: Buffer.concat([Buffer.from(head), text]) };
  });
}

/** About `octets` octets of text in lines of 76 characters, another one for each seed. */
function base64Lines(octets: number, seed: number): Buffer {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  const content = cipher.update(Buffer.alloc(Math.floor((octets * 57) / 78)));
  return Buffer.from(content.toString("base64").replace(/.{1,76}/g, "$&\r\n"), "latin1");
}

/** The largest resident size so far, as the kernel has it. */
async function peakMegabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round((Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6);
}

await main();

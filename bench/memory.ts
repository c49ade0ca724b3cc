import { createCipheriv } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CANARY } from "../test/kit/canary.ts";
import { startDovecot } from "../test/kit/dovecot.ts";
import { startImbarco } from "../test/kit/imbarco.ts";
import {
  differences,
  fillMailbox,
  type MessageToStore,
  openMailbox,
  readMailbox,
} from "../test/kit/mailbox.ts";
import { waitFor } from "../test/kit/wait-for.ts";

/**
 * Peak memory of `imbarco serve` while it copies a mailbox of large messages between two real Dovecots over TLS: `npm run
 * bench:memory`. A message is never held whole, so the peak must not grow with their size.
 */
const DOMAIN = "bench.example";
const USER = `anna@${DOMAIN}`;
const PASSWORD = `${CANARY} bench`;
const MESSAGES = 12;
const MESSAGE_MB = 30;
const FOLDERS = ["INBOX", "Archive", "Films"];
const LIMIT_MB = 150;

async function main(): Promise<void> {
  const source = await startDovecot({ users: { [USER]: PASSWORD } });
  const target = await startDovecot({ mail: "mdbox" });
  const imbarco = await startImbarco({ target, config: { log: { level: "info" } } });
  try {
    for (const folder of FOLDERS)
      await fillMailbox(source.endpoint(), USER, PASSWORD, {
        [folder]: largeMessages(MESSAGES / FOLDERS.length),
      });
    const { host, imapPort, caFile } = source;
    await imbarco.json(["domain", "add", DOMAIN, "--source", `${host}:${imapPort}`, "--source-ca", caFile]);
    await imbarco.json(["users", "add", USER]);
    await imbarco.json(["domain", "enable", DOMAIN]);
    const idle = await peakMegabytes(imbarco.pid);

    const start = performance.now();
    const client = await openMailbox(imbarco.place(), USER, PASSWORD);
    client.close();
    await waitFor(
      async () => (await imbarco.json<{ state: string }>(["users", "show", USER])).state === "synced",
      "the end of the copy",
      { limitMs: 180_000, everyMs: 500 },
    );
    const seconds = (performance.now() - start) / 1000;
    const peak = await peakMegabytes(imbarco.pid);

    const unlike = differences(
      await readMailbox(source.endpoint(), USER, PASSWORD),
      await readMailbox(target.endpoint(), USER, PASSWORD),
    );
    for (const difference of unlike) console.log(difference);
    console.log(
      `${MESSAGES} messages of ${MESSAGE_MB} MB in ${FOLDERS.length} folders, ${seconds.toFixed(1)} s`,
    );
    console.log(
      `peak RSS before the login ${idle} MB, over the whole copy ${peak} MB (limit ${LIMIT_MB} MB)`,
    );
    if (unlike.length > 0 || peak > LIMIT_MB) process.exitCode = 1;
  } catch (error) {
    console.error(imbarco.logText().split("\n").slice(-20).join("\n"));
    throw error;
  } finally {
    await imbarco.stop();
    await source.stop();
    await target.stop();
  }
}

/** Messages as a film sent by mail: one large base64 body. */
function largeMessages(count: number): MessageToStore[] {
  return Array.from({ length: count }, (_, index) => {
    const octets = createCipheriv("aes-128-ctr", Buffer.alloc(16, index + 1), Buffer.alloc(16));
    const content = octets.update(Buffer.alloc(Math.floor((MESSAGE_MB * 1_000_000 * 57) / 78)));
    const lines = content.toString("base64").replace(/.{1,76}/g, "$&\r\n");
    const head = `Subject: film ${index}\r\nMIME-Version: 1.0\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n`;
    return { body: Buffer.from(`${head}\r\n${lines}`, "latin1") };
  });
}

/** The largest resident size so far, as the kernel has it. */
async function peakMegabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round((Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6);
}

await main();

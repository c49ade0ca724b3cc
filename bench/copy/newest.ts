import { expectOk, type ImapClient, type ImapPlace } from "../../test/kit/imap-client.ts";
import { type ImbarcoProcess, startImbarco } from "../../test/kit/imbarco.ts";
import { openMailbox } from "../../test/kit/mailbox.ts";
import { must } from "../../test/kit/platform.ts";
import { waitFor } from "../../test/kit/wait-for.ts";
import type { CopyJob, Side } from "./job.ts";
import type { Cell } from "./plan.ts";
import { DOMAIN, type Servers } from "./servers.ts";

export const NEWEST_MESSAGES = 50;
const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 5;

/**
 * Milliseconds from the OK of an account's first login at a real `imbarco serve` to the moment at which the newest messages of its
 * INBOX can be read at the target.
 */
export async function timeToNewest(servers: Servers, cell: Cell): Promise<number> {
  const job = await servers.newJob(cell.corpus, cell);
  const target = { ...targetOf(job), provision: { kind: "passwd-file", path: servers.target.passwdFile } };
  const imbarco = await startImbarco({
    target: servers.target,
    config: { target, log: { level: "info" } },
  });
  try {
    // Before the account is imported: that takes the password from the target's row until the login.
    const looker = await inboxOf(servers.direct("target", job));
    const there = await inboxOf(servers.direct("source", job));
    const wanted = (await messagesOf(there)).slice(-NEWEST_MESSAGES);
    await addAccount(imbarco, job);
    const client = await openMailbox(imbarco.place(), job.target.user, job.target.password);
    const start = performance.now();
    const isCopied = async () => {
      const found = new Set(await messagesOf(looker));
      return wanted.every((message) => found.has(message));
    };
    const what = `the newest ${wanted.length} messages of corpus ${cell.corpus} at the target`;
    await waitFor(isCopied, what, { limitMs: LIMIT_MS, everyMs: LOOK_EVERY_MS });
    const ms = performance.now() - start;
    for (const connection of [client, looker, there]) connection.close();
    return ms;
  } finally {
    await imbarco.terminate();
    await imbarco.discard();
    await servers.discard(job);
  }
}

function targetOf({ target }: CopyJob): Record<string, unknown> {
  const { host, port, tls, caFile } = target;
  return { imap: { host, port, tls, ...(tls === "none" ? {} : { caFile }) }, login: { as: "user" } };
}

async function addAccount(imbarco: ImbarcoProcess, { source, target }: CopyJob): Promise<void> {
  const protection = source.tls === "none" ? ["--tls", "none"] : ["--source-ca", source.caFile];
  await must(imbarco, ["domain", "add", DOMAIN, "--source", `${source.host}:${source.port}`, ...protection]);
  await must(imbarco, ["users", "add", target.user, "--source-login", source.user]);
  await must(imbarco, ["domain", "enable", DOMAIN]);
}

async function inboxOf(side: Side): Promise<ImapClient> {
  const place: ImapPlace = { host: side.host, port: side.port, tls: "none", ca: null };
  const client = await openMailbox(place, side.user, side.password);
  expectOk(await client.command("EXAMINE INBOX"), "EXAMINE INBOX");
  return client;
}

/** Date and size of each message, the newest last. */
async function messagesOf(inbox: ImapClient): Promise<string[]> {
  await inbox.command("NOOP");
  const reply = expectOk(await inbox.command("UID FETCH 1:* (INTERNALDATE RFC822.SIZE)"), "FETCH");
  return reply.untagged.flatMap(({ text }) => {
    const date = /INTERNALDATE "([^"]*)"/.exec(text)?.[1];
    const size = /RFC822\.SIZE (\d+)/.exec(text)?.[1];
    return date === undefined ? [] : [`${date} ${size}`];
  });
}

import { readFile } from "node:fs/promises";
import { type FetchMessageObject, ImapFlow } from "imapflow";
import { readJob, reportOn, type Side } from "../job.ts";

/** What one writes in an afternoon: each message is fetched, appended, and only then the next one. */
const job = await readJob();
await reportOn(async () => {
  const [source, target] = await Promise.all([open(job.source), open(job.target)]);
  for (const { path, flags } of await source.list()) {
    if (flags.has("\\Noselect") || flags.has("\\NonExistent")) continue;
    if (path !== "INBOX") await target.mailboxCreate(path);
    await source.mailboxOpen(path, { readOnly: true });
    const uids = (await source.search({ all: true }, { uid: true })) || [];
    for (const uid of uids) {
      const items = { flags: true, internalDate: true, source: true } as const;
      const message = await source.fetchOne(String(uid), items, { uid: true });
      if (message) await append(target, path, message);
    }
  }
  await Promise.all([source.logout(), target.logout()]);
});

async function append(target: ImapFlow, path: string, message: FetchMessageObject): Promise<void> {
  const flags = [...(message.flags ?? [])].filter((flag) => flag !== "\\Recent");
  await target.append(path, message.source ?? Buffer.alloc(0), flags, message.internalDate);
}

async function open(side: Side): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: side.host,
    port: side.port,
    secure: false,
    doSTARTTLS: side.tls === "starttls",
    ...(side.tls === "starttls" ? { tls: { ca: await readFile(side.caFile), servername: "localhost" } } : {}),
    auth: { user: side.user, pass: side.password },
    logger: false,
  });
  client.on("error", (error: Error) => {
    throw error;
  });
  await client.connect();
  return client;
}

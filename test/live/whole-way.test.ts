import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CANARY, hasCanary } from "../kit/canary.ts";
import { type DnsServer, startDnsServer } from "../kit/dns-server.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { type ImbarcoProcess, startImbarco } from "../kit/imbarco.ts";
import { fillMailbox, openMailbox } from "../kit/mailbox.ts";
import { must } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const DOMAIN = "village.test";
const PASSWORDS: Record<string, string> = {
  [`lia@${DOMAIN}`]: `lia-${CANARY}`,
  [`max@${DOMAIN}`]: `max-${CANARY}`,
};
const [LIA, MAX] = Object.keys(PASSWORDS) as [string, string];

const CUTOVER = ["--cutover-mx", "smtpin1.smail.eu=10", "--cutover-txt", "v=spf1 include:smail.eu -all"];

let source: Dovecot;
let target: Dovecot;
let dns: DnsServer;
let imbarco: ImbarcoProcess;

beforeAll(async () => {
  source = await startDovecot({ users: PASSWORDS });
  target = await startDovecot();
  dns = await startDnsServer({ [DOMAIN]: { mx: ["5 mail.old.test"] } });
  imbarco = await startImbarco({ target, config: { dns: { servers: [dns.server] } } });
  for (const [user, password] of Object.entries(PASSWORDS))
    await fillMailbox({ ...source.endpoint(), tls: "starttls" }, user, password, {
      INBOX: Array.from({ length: 20 }, (_, at) => ({
        body: Buffer.from(`Subject: ${user} ${at}\r\n\r\nmail\r\n`),
      })),
      "Posta inviata": [{ body: Buffer.from("Subject: sent\r\n\r\nbye\r\n"), flags: ["\\Seen"] }],
    });
});

afterAll(async () => {
  await imbarco?.stop();
  await dns?.stop();
  await target?.stop();
  await source?.stop();
});

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly accounts: readonly { readonly address: string }[];
}

it("goes from `domain add` to `finalize` by commands alone and leaves no password behind", async () => {
  await prepare();
  expect(await stragglers()).toEqual([LIA, MAX]);

  // Lia opens her mail program; Max never does, so the administrator starts him.
  const lia = await openMailbox(imbarco.place(), LIA, PASSWORDS[LIA] ?? "");
  lia.close();
  await synced(LIA);
  expect(await stragglers()).toEqual([MAX]);
  const tooEarly = await imbarco.cli(["finalize", DOMAIN]);
  expect(tooEarly.status).toBe(1);
  expect(tooEarly.stdout + tooEarly.stderr).toContain(MAX);
  expect((await imbarco.cli(["migrate", MAX, "--password-stdin"], `wrong-${CANARY}\n`)).status).toBe(1);
  await must(imbarco, ["migrate", MAX, "--password-stdin"], `${PASSWORDS[MAX]}\n`);
  await synced(MAX);

  expect(await must(imbarco, ["dns", DOMAIN])).toMatch(/mail\.old\.test[^]*smtpin1\.smail\.eu/);
  expect(await imbarco.json<{ equal: boolean }>(["verify", DOMAIN, "--deep"])).toMatchObject({ equal: true });
  await must(imbarco, ["finalize", DOMAIN, "--dry-run"]);
  expect(await domainState()).toBe("migrating");
  await must(imbarco, ["finalize", DOMAIN]);
  expect(await domainState()).toBe("finalized");
  expect((await imbarco.json<Report>(["report", DOMAIN])).counts["finalized"]).toBe(2);

  await getsInWithoutTheOldServer();
  const data = join(imbarco.folder, "data");
  const files = (await readdir(data, { withFileTypes: true })).filter((entry) => entry.isFile());
  for (const { name } of files) expect(hasCanary(await readFile(join(data, name)))).toBe(false);
});

/** From nothing to a domain that migrates, with two accounts that have no password. */
async function prepare(): Promise<void> {
  const place = `127.0.0.1:${source.imapPort}`;
  await must(imbarco, ["domain", "add", DOMAIN, "--source", place, "--source-ca", source.caFile]);
  await must(imbarco, ["domain", "set", DOMAIN, ...CUTOVER]);
  const csv = join(imbarco.folder, "village.csv");
  await writeFile(csv, `address\r\n${LIA}\r\n${MAX.toUpperCase()}\r\n`);
  const imported = () => imbarco.json(["users", "import", DOMAIN, csv]);
  expect(await imported()).toEqual({ created: 2, existing: 0, twice: 0, rejected: [] });
  expect(await imported()).toEqual({ created: 0, existing: 2, twice: 0, rejected: [] });
  await must(imbarco, ["domain", "enable", DOMAIN]);
  await must(imbarco, ["check"]);
}

async function stragglers(): Promise<string[]> {
  const report = await imbarco.json<Report>(["report", DOMAIN, "--stragglers"]);
  return report.accounts.map((account) => account.address);
}

async function domainState(): Promise<string> {
  return (await imbarco.json<{ state: string }>(["domain", "show", DOMAIN])).state;
}

async function synced(address: string): Promise<void> {
  const state = async () => (await imbarco.json<{ state: string }>(["users", "show", address])).state;
  await waitFor(async () => (await state()) === "synced", `${address} to be synced`, { everyMs: 200 });
}

async function getsInWithoutTheOldServer(): Promise<void> {
  await source.halt();
  for (const [user, password] of Object.entries(PASSWORDS))
    (await openMailbox(imbarco.place("implicit"), user, password)).close();
}

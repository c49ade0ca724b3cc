import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CANARY, hasCanary } from "../kit/canary.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { ImapClient } from "../kit/imap-client.ts";
import { type ImbarcoProcess, startImbarco } from "../kit/imbarco.ts";
import { fillMailbox, openMailbox } from "../kit/mailbox.ts";
import { must } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const DOMAIN = "village.test";
const PASSWORDS = { [`lia@${DOMAIN}`]: `lia-${CANARY}`, [`max@${DOMAIN}`]: `max-${CANARY}` };
const [LIA, MAX] = Object.keys(PASSWORDS) as [string, string];

let source: Dovecot;
let target: Dovecot;
let imbarco: ImbarcoProcess;

beforeAll(async () => {
  source = await startDovecot({ users: PASSWORDS });
  target = await startDovecot();
  imbarco = await startImbarco({ target });
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
  await target?.stop();
  await source?.stop();
});

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly accounts: readonly { readonly address: string }[];
}

const stragglers = async () =>
  (await imbarco.json<Report>(["report", DOMAIN, "--stragglers"])).accounts.map((account) => account.address);

it("goes from `domain add` to `finalize` by commands alone and leaves no password behind", async () => {
  await must(imbarco, [
    "domain",
    "add",
    DOMAIN,
    "--source",
    `127.0.0.1:${source.imapPort}`,
    "--source-ca",
    source.caFile,
  ]);
  await must(imbarco, [
    "domain",
    "set",
    DOMAIN,
    "--cutover-mx",
    "smtpin1.smail.eu=10",
    "--cutover-txt",
    "v=spf1 mx -all",
  ]);
  const csv = join(imbarco.folder, "village.csv");
  await writeFile(csv, `address\r\n${LIA}\r\n${MAX.toUpperCase()}\r\n`);
  expect(await imbarco.json(["users", "import", DOMAIN, csv])).toEqual({
    created: 2,
    existing: 0,
    rejected: [],
  });
  expect(await imbarco.json(["users", "import", DOMAIN, csv])).toEqual({
    created: 0,
    existing: 2,
    rejected: [],
  });
  await must(imbarco, ["domain", "enable", DOMAIN]);
  await must(imbarco, ["check"]);
  expect(await stragglers()).toEqual([LIA, MAX]);

  // Lia opens her mail program; Max never does.
  const lia = await ImapClient.connect(imbarco.place());
  expect((await lia.logIn(LIA, PASSWORDS[LIA] ?? "")).status).toBe("OK");
  lia.close();
  await waitFor(
    async () => (await imbarco.json<{ state: string }>(["users", "show", LIA])).state === "synced",
    "lia's copy",
  );
  expect(await stragglers()).toEqual([MAX]);

  const tooEarly = await imbarco.cli(["finalize", DOMAIN]);
  expect(tooEarly.status).toBe(1);
  expect(tooEarly.stdout + tooEarly.stderr).toContain(MAX);

  expect((await imbarco.cli(["migrate", MAX, "--password-stdin"], `wrong-${CANARY}\n`)).status).toBe(1);
  await must(imbarco, ["migrate", MAX, "--password-stdin"], `${PASSWORDS[MAX]}\n`);
  await waitFor(
    async () => (await imbarco.json<{ state: string }>(["users", "show", MAX])).state === "synced",
    "max's copy",
  );

  const verified = await imbarco.json<{ equal: boolean }>(["verify", DOMAIN, "--deep"]);
  expect(verified.equal).toBe(true);
  await must(imbarco, ["finalize", DOMAIN, "--dry-run"]);
  expect(await imbarco.json<{ state: string }>(["domain", "show", DOMAIN])).toMatchObject({
    state: "migrating",
  });
  await must(imbarco, ["finalize", DOMAIN]);

  expect(await imbarco.json<{ state: string }>(["domain", "show", DOMAIN])).toMatchObject({
    state: "finalized",
  });
  const report = await imbarco.json<Report>(["report", DOMAIN]);
  expect(report.counts["finalized"]).toBe(2);

  // The old server is switched off; both still get in.
  await source.halt();
  for (const [user, password] of Object.entries(PASSWORDS)) {
    const client = await openMailbox(imbarco.place("implicit"), user, password);
    client.close();
  }
  const data = join(imbarco.folder, "data");
  for (const file of await readdir(data)) expect(hasCanary(await readFile(join(data, file)))).toBe(false);
});

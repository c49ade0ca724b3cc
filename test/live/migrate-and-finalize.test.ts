import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { type DnsServer, startDnsServer } from "../kit/dns-server.ts";
import { fillMailbox, openMailbox } from "../kit/mailbox.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";

const USERS = { anna: `anna-${CANARY}`, carlo: `càrlo %n "${CANARY}`, never: `never-${CANARY}` };
const ANNA = `anna@${DOMAIN}`;
const CARLO = `carlo@${DOMAIN}`;
const NEVER = `never@${DOMAIN}`;

let dns: DnsServer;
let platform: Platform;

beforeAll(async () => {
  dns = await startDnsServer({ [DOMAIN]: { mx: ["10 mx.old.example"], txt: ["v=spf1 a ~all"] } });
  platform = await startPlatform({
    users: USERS,
    config: { copy: { syncInterval: "1h" }, dns: { servers: [dns.server] } },
  });
  // The commands must do without a running service.
  await platform.imbarco.terminate();
  for (const [user, password] of Object.entries(USERS)) await fill(user, password, 30);
  await must(platform.imbarco, [
    "domain",
    "set",
    DOMAIN,
    "--cutover-mx",
    "mx1.new.example=10",
    "--cutover-txt",
    "v=spf1 include:new.example -all",
  ]);
});

afterAll(async () => {
  await platform?.stop();
  await dns?.stop();
});

interface Refused {
  readonly kind: string;
  readonly reasons: readonly { readonly code: string; readonly account: string | null }[];
  readonly warnings: readonly string[];
}

describe("imbarco migrate", () => {
  test("wants a password, and knows a wrong one and an unknown account", async () => {
    expect((await platform.imbarco.cli(["migrate", ANNA])).status).toBe(2);
    expect((await platform.imbarco.cli(["migrate", ANNA, "--password-stdin"], "\n")).status).toBe(2);
    const wrong = await platform.imbarco.cli(
      ["migrate", ANNA, "--password-stdin", "--json"],
      `wrong-${CANARY}\n`,
    );
    expect(wrong.status).toBe(1);
    expect(JSON.parse(wrong.stdout)).toHaveProperty("error.code");
    expect((await platform.account("anna")).state).toBe("waiting");
    const unknown = await platform.imbarco.cli(["migrate", `nobody@${DOMAIN}`, "--password-stdin"], "x\n");
    expect(unknown.status).toBe(1);
  });

  test("queues the copy, or makes it at once and shows how it goes", async () => {
    const queued = await must(platform.imbarco, ["migrate", ANNA, "--password-stdin"], `${USERS.anna}\r\n`);
    expect(queued).toContain("queued");
    expect((await platform.account("anna")).state).toBe("captured");
    expect((await refusals([])).map((one) => one.code)).toContain("not_copied");
    const waited = await must(
      platform.imbarco,
      ["migrate", ANNA, "--password-stdin", "--wait"],
      `${USERS.anna}\n`,
    );
    expect(waited).toContain(`${ANNA} is synced.`);
    const json = await platform.imbarco.json<{ state: string; messagesCopied: number }>(
      ["migrate", CARLO, "--password-stdin", "--wait"],
      `${USERS.carlo}\n`,
    );
    expect(json).toMatchObject({ state: "synced", messagesCopied: 30 });
  });
});

describe("imbarco watch", () => {
  test("shows those who have begun and ends when nobody is on the way", async () => {
    const shown = await must(platform.imbarco, ["watch", DOMAIN, "--until-synced"]);
    expect(shown.trim().split("\n").toSorted()).toEqual([
      `${ANNA}: synced 100 %, 30/30`,
      `${CARLO}: synced 100 %, 30/30`,
    ]);
    expect((await platform.imbarco.cli(["watch", "unknown.test"])).status).toBe(1);
  });
});

describe("imbarco dns", () => {
  test("prints what to change beside what the DNS says now", async () => {
    const shown = await must(platform.imbarco, ["dns", DOMAIN]);
    expect(shown).toContain(`- ${DOMAIN}. IN MX 10 mx.old.example.`);
    expect(shown).toContain(`+ ${DOMAIN}. IN MX 10 mx1.new.example.`);
    expect(shown).toContain(`- ${DOMAIN}. IN TXT "v=spf1 a ~all"`);
    expect(await platform.imbarco.json(["dns", DOMAIN])).toMatchObject({ domain: DOMAIN, done: false });
  });
});

describe("imbarco finalize", () => {
  test("refuses while somebody has not logged in, tells who, and leaves the domain migrating", async () => {
    for (const args of [[], ["--dry-run"]]) {
      expect(await refusals(args)).toEqual([expect.objectContaining({ code: "straggler", account: NEVER })]);
      expect(await domainState()).toBe("migrating");
    }
  });

  test("refuses while a server cannot be read, and goes on migrating", async () => {
    await platform.target.halt();
    const reasons = await refusals(["--leave-stragglers"]);
    await platform.target.start();
    expect(reasons.map((one) => [one.code, one.account])).toEqual([
      ["pass_failed", ANNA],
      ["pass_failed", CARLO],
    ]);
    expect(await domainState()).toBe("migrating");
  });

  test("says beforehand that it would work, and warns that mail still goes to the old platform", async () => {
    const result = await platform.imbarco.json<Refused>([
      "finalize",
      DOMAIN,
      "--dry-run",
      "--leave-stragglers",
    ]);
    expect(result).toMatchObject({ kind: "possible", accounts: 2 });
    expect(result.warnings).toHaveLength(1);
    expect(await domainState()).toBe("migrating");
  });

  test("takes along the mail that has arrived meanwhile, and then deletes every sealed password", async () => {
    await fill("anna", USERS.anna, 3);
    expect(sealedPasswords()).toBe(2);
    dns.names.set(DOMAIN, { mx: ["10 mx1.new.example"], txt: ["v=spf1 include:new.example -all"] });
    const result = await platform.imbarco.json(["finalize", DOMAIN, "--leave-stragglers"]);
    expect(result).toEqual({
      domain: DOMAIN,
      kind: "finalized",
      accounts: 2,
      leftBehind: 1,
      purged: 2,
      mended: 0,
      wrapped: 0,
      refused: 0,
      warnings: [],
    });
    expect(await domainState()).toBe("finalized");
    expect((await platform.account("anna")).state).toBe("finalized");
    expect((await platform.account("never")).state).toBe("waiting");
    expect(sealedPasswords()).toBe(0);
    await onTargetCount(ANNA, USERS.anna, 33);
  });

  test("may be repeated, and the source is not contacted any more", async () => {
    await platform.source.halt();
    expect(await platform.imbarco.json(["finalize", DOMAIN])).toMatchObject({ kind: "finalized", purged: 0 });
    const verified = await platform.imbarco.cli(["verify", DOMAIN, "--json"]);
    expect(verified.status).toBe(1);
    expect(JSON.parse(verified.stdout)).toMatchObject({ error: { code: "not_comparable" } });
    const late = await platform.imbarco.cli(["migrate", NEVER, "--password-stdin"], `${USERS.never}\n`);
    expect(late.status).toBe(1);
  });
});

async function refusals(args: string[]): Promise<Refused["reasons"]> {
  const { status, stdout, stderr } = await platform.imbarco.cli(["finalize", DOMAIN, ...args, "--json"]);
  if (status !== 1) throw new Error(`finalize ended with ${status}: ${stdout}${stderr}`);
  const result = JSON.parse(stdout) as Refused;
  expect(result.kind).toBe("refused");
  return result.reasons;
}

async function domainState(): Promise<string> {
  return (await platform.imbarco.json<{ state: string }>(["domain", "show", DOMAIN])).state;
}

async function fill(user: string, password: string, count: number): Promise<void> {
  const place = { ...platform.source.endpoint(), tls: "starttls" as const };
  const body = (at: number) => Buffer.from(`Subject: ${user} ${at}\r\n\r\nbody ${at}\r\n`);
  const INBOX = Array.from({ length: count }, (_, at) => ({ body: body(at) }));
  await fillMailbox(place, `${user}@${DOMAIN}`, password, { INBOX });
}

async function onTargetCount(user: string, password: string, count: number): Promise<void> {
  const client = await openMailbox({ ...platform.target.endpoint(), tls: "starttls" }, user, password);
  const { untagged } = await client.command("STATUS INBOX (MESSAGES)");
  expect(untagged.map((line) => line.text)).toContain(`* STATUS INBOX (MESSAGES ${count})`);
  await client.logOut();
}

/** Read behind imbarco's back. */
function sealedPasswords(): number {
  const database = new DatabaseSync(join(platform.imbarco.folder, "data", "imbarco.db"), { readOnly: true });
  try {
    const row = database
      .prepare("SELECT count(*) AS sealed FROM credential WHERE sealed_source IS NOT NULL")
      .get();
    return Number(row?.["sealed"]);
  } finally {
    database.close();
  }
}

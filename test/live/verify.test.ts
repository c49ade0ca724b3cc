import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Comparison, FolderComparison } from "../../src/cutover/comparison.ts";
import { CANARY } from "../kit/canary.ts";
import { expectOk, type ImapClient } from "../kit/imap-client.ts";
import { fillMailbox, type MessageToStore, openMailbox } from "../kit/mailbox.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";

const USERS = { anna: `anna-${CANARY}`, carlo: `carlo-${CANARY}`, never: `never-${CANARY}` };
const ANNA = `anna@${DOMAIN}`;
const CARLO = `carlo@${DOMAIN}`;

let platform: Platform;

beforeAll(async () => {
  // Long between two passes, so that they do not mend what the tests break.
  platform = await startPlatform({
    users: USERS,
    target: { mail: "maildir" },
    config: { copy: { syncInterval: "1h" } },
  });
  const place = { ...platform.source.endpoint(), tls: "starttls" as const };
  await fillMailbox(place, ANNA, USERS.anna, {
    INBOX: messages("inbox", 12),
    "Caffè & amici": messages("friends", 5),
    Trash: messages("trash", 3),
    Empty: [],
  });
  await fillMailbox(place, CARLO, USERS.carlo, { INBOX: messages("carlo", 4) });
  for (const user of ["anna", "carlo"] as const)
    await must(
      platform.imbarco,
      ["migrate", `${user}@${DOMAIN}`, "--password-stdin", "--wait"],
      `${USERS[user]}\n`,
    );
});

afterAll(() => platform?.stop());

describe("imbarco verify", () => {
  test("finds equal what was copied, in the shape of the contract, and lists who has not logged in", async () => {
    const { status, comparison } = await verify([DOMAIN]);
    expect(status).toBe(0);
    expect(comparison.accounts.map((one) => [one.address, one.equal, one.reader])).toEqual([
      [ANNA, true, "imapflow"],
      [CARLO, true, "imapflow"],
    ]);
    expect(comparison.notCompared.map((one) => [one.address, one.kind])).toEqual([
      [`never@${DOMAIN}`, "waiting"],
    ]);
    expect(folderOf(comparison, "Caffè & amici")).toMatchObject({
      target: "Caffè & amici",
      sourceCount: 5,
      targetCount: 5,
      missing: 0,
      extra: 0,
      different: [],
    });
  });

  test("shows a table to people", async () => {
    const { status, stdout } = await platform.imbarco.cli(["verify", CARLO]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^INBOX +INBOX +4 +4 +0 +0/m);
    expect(stdout).toContain("1 account compared: equal");
  });

  test("compares contents when asked to", async () => {
    const { status, comparison } = await verify([ANNA, "--deep"]);
    expect(status).toBe(0);
    expect(folderOf(comparison, "INBOX")).toMatchObject({ equal: true, contentsCompared: 12 });
  });

  test("leaves to the user what they did on the new platform", async () => {
    await onTarget("anna", async (client) => {
      expectOk(await client.command("SELECT Trash"), "SELECT");
      expectOk(await client.command("UID STORE 1 +FLAGS (\\Deleted)"), "STORE");
      expectOk(await client.command("EXPUNGE"), "EXPUNGE");
      expectOk(await client.command("UID STORE 2 +FLAGS (\\Answered)"), "STORE");
      expectOk(await client.command("APPEND Trash ", Buffer.from("Subject: new\r\n\r\nhere\r\n")), "APPEND");
    });
    const { status, comparison } = await verify([ANNA]);
    expect(status).toBe(0);
    expect(folderOf(comparison, "Trash")).toMatchObject({
      equal: true,
      missing: 0,
      removedOnTarget: 1,
      flagsChangedOnTarget: 1,
      extra: 1,
    });
  });

  test("finds a message that has not been copied, and ends with status 1", async () => {
    const place = { ...platform.source.endpoint(), tls: "starttls" as const };
    await fillMailbox(place, CARLO, USERS.carlo, { INBOX: messages("late", 1) });
    const { status, comparison } = await verify([CARLO]);
    expect(status).toBe(1);
    expect(comparison.equal).toBe(false);
    expect(folderOf(comparison, "INBOX")).toMatchObject({
      equal: false,
      missing: 1,
      missingMessages: [{ sourceUid: 5, refusal: null }],
    });
  });

  test("finds flags that changed at the source and were not carried over", async () => {
    const client = await openMailbox({ ...platform.source.endpoint(), tls: "starttls" }, ANNA, USERS.anna);
    expectOk(await client.command("SELECT INBOX"), "SELECT");
    expectOk(await client.command("UID STORE 3 +FLAGS (\\Flagged)"), "STORE");
    await client.logOut();
    const { status, comparison } = await verify([ANNA]);
    expect(status).toBe(1);
    expect(folderOf(comparison, "INBOX").different).toMatchObject([
      { kind: "flags", sourceUid: 3, message: "flags differ: \\flagged only at the source" },
    ]);
  });

  test("finds a single changed octet, if it looks at contents", async () => {
    await spoilOneMessage("friends 2");
    const shallow = await verify([ANNA]);
    expect(folderOf(shallow.comparison, "Caffè & amici").equal).toBe(true);
    const deep = await verify([ANNA, "--deep"]);
    expect(deep.status).toBe(1);
    expect(folderOf(deep.comparison, "Caffè & amici").different).toMatchObject([
      { kind: "content", message: expect.stringContaining("contents differ") as string },
    ]);
  });

  test("says of an account that has not begun, or is not there, that it cannot be compared", async () => {
    const waiting = await platform.imbarco.cli(["verify", `never@${DOMAIN}`, "--json"]);
    expect(waiting.status).toBe(1);
    expect(JSON.parse(waiting.stdout)).toMatchObject({ error: { code: "not_comparable" } });
    expect((await platform.imbarco.cli(["verify", `nobody@${DOMAIN}`])).status).toBe(1);
    expect((await platform.imbarco.cli(["verify", "unknown.test"])).status).toBe(1);
  });

  test("says which server cannot be read, account by account", async () => {
    await platform.source.halt();
    const { status, comparison } = await verify([DOMAIN]);
    expect(status).toBe(1);
    const failed = comparison.notCompared.filter((one) => one.kind === "failed");
    expect(failed.map((one) => one.address)).toEqual([ANNA, CARLO]);
    expect(failed[0]?.message).toContain(`127.0.0.1:${platform.source.imapPort}`);
  });
});

async function verify(args: string[]): Promise<{ status: number | null; comparison: Comparison }> {
  const { status, stdout, stderr } = await platform.imbarco.cli(["verify", ...args, "--json"]);
  if (stdout === "") throw new Error(stderr);
  return { status, comparison: JSON.parse(stdout) as Comparison };
}

function folderOf(comparison: Comparison, name: string): FolderComparison {
  const folder = comparison.accounts[0]?.folders.find((one) => one.source === name);
  if (!folder) throw new Error(`no folder ${name} in ${JSON.stringify(comparison)}`);
  return folder;
}

async function onTarget(
  user: keyof typeof USERS,
  work: (client: ImapClient) => Promise<void>,
): Promise<void> {
  const client = await openMailbox(
    { ...platform.target.endpoint(), tls: "starttls" },
    `${user}@${DOMAIN}`,
    USERS[user],
  );
  await work(client);
  await client.logOut();
}

/** Changes one octet of a message file on the target behind the server's back; the size stays. */
async function spoilOneMessage(subject: string): Promise<void> {
  const folder = join(platform.target.folder, "mail");
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((one) => /\/(?:cur|new)\/[^/]+$/.test(one))) {
    const file = join(folder, name);
    const text = await readFile(file, "latin1");
    if (!text.includes(`Subject: ${subject}`)) continue;
    await writeFile(file, text.replace("body", "bodi"), "latin1");
    return;
  }
  throw new Error(`no message with the subject ${subject} on the target`);
}

function messages(subject: string, count: number): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`Subject: ${subject} ${at}\r\nMessage-ID: <${subject}.${at}@x>\r\n\r\nbody ${at}\r\n`),
    flags: at % 2 === 0 ? ["\\Seen"] : [],
  }));
}

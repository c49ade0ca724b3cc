import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Dovecot } from "../test/kit/dovecot.ts";
import type { ImbarcoProcess } from "../test/kit/imbarco.ts";
import { countMessages, differences, fillMailbox, readMailbox } from "../test/kit/mailbox.ts";
import { imbarco, watchUntilSynced } from "./commands.ts";
import { logInByLogin, logInByPlain, logInWrongly, waitForMessage } from "./mail-program.ts";
import { type DemoAccount, DOMAIN, demoAccounts, latestLetter, messageIdOf } from "./mailboxes.ts";
import { bad, good, print, say, showDialog, step } from "./narration.ts";
import { RENAMED, type Servers, startImbarcoBefore, startNewServer, startOldServer } from "./servers.ts";

/** What the story leaves behind for those who stay. */
export interface StoryEnd {
  /** Whether every comparison held. */
  readonly allEqual: boolean;
  readonly imbarco: ImbarcoProcess;
  readonly accounts: readonly DemoAccount[];
}

/** The whole demonstration, top to bottom. Servers are put into `servers` as they start, for whoever must stop them. */
export async function tellStory(servers: Servers, signal: AbortSignal): Promise<StoryEnd> {
  const accounts = demoAccounts(new Date());
  const [first, second, straggler] = accounts as [DemoAccount, DemoAccount, DemoAccount];

  step("An old mail server and a new one");
  servers.old = await startOldServer(accounts);
  say(`old: Dovecot at 127.0.0.1:${servers.old.imapPort}, folders as its users named them`);
  servers.target = await startNewServer();
  say(`new: Dovecot at 127.0.0.1:${servers.target.imapPort}, empty, without any account`);
  for (const account of accounts) await deliver(servers.old, account);

  step("imbarco between them");
  signal.throwIfAborted();
  const door = await startImbarcoBefore(servers.target);
  servers.imbarco = door;
  say(`$ imbarco serve, listening at 127.0.0.1:${door.imapPort} (STARTTLS) and :${door.imapsPort} (TLS)`);
  await describeDomain(door, servers.old, accounts);

  step("Who has not logged in yet? Everybody.");
  await imbarco(door, "report", DOMAIN, "--stragglers");

  step(`${first.name} opens a mail program, with imbarco as the server and the old password`);
  await refuseWrongPassword(door, first);
  await firstLogin(door, first, "LOGIN", signal);

  step(`${second.name} uses AUTHENTICATE PLAIN over TLS`);
  await firstLogin(door, second, "PLAIN", signal);

  step("Mail that still comes in at the old server follows");
  await lateMail(door, servers.old, first, signal);

  step("Is it all there, byte for byte?");
  const allEqual = await prove(door, servers.old, servers.target, [first, second]);

  step(`The report again: only ${straggler.name} is left`);
  await imbarco(door, "report", DOMAIN);
  return { allEqual, imbarco: door, accounts };
}

async function deliver(old: Dovecot, account: DemoAccount): Promise<void> {
  await fillMailbox(old.endpoint(), account.address, account.password, account.folders);
  const messages = Object.values(account.folders).flat();
  const megabytes = messages.reduce((sum, { body }) => sum + body.length, 0) / 1e6;
  const folders = Object.keys(account.folders).length;
  say(`${account.address}: ${messages.length} messages in ${folders} folders, ${megabytes.toFixed(1)} MB`);
}

/** What an administrator does: the domain with its old server, and a list of addresses. No password anywhere. */
async function describeDomain(
  door: ImbarcoProcess,
  old: Dovecot,
  accounts: readonly DemoAccount[],
): Promise<void> {
  const csv = join(door.folder, "users.csv");
  await writeFile(csv, `address\n${accounts.map(({ address }) => address).join("\n")}\n`);
  const source = `${old.host}:${old.imapPort}`;
  await imbarco(door, "domain", "add", DOMAIN, "--source", source, "--source-ca", old.caFile);
  await imbarco(door, "users", "import", DOMAIN, csv);
  await imbarco(door, "domain", "enable", DOMAIN);
}

async function refuseWrongPassword(door: ImbarcoProcess, account: DemoAccount): Promise<void> {
  const answer = await logInWrongly(door.place(), account);
  showDialog(`LOGIN ${account.address} "not the password"`, answer);
  if (!answer.startsWith("NO [AUTHENTICATIONFAILED]"))
    throw new Error(`a wrong password was answered: ${answer}`);
}

/** Logs in, measures when the newest message of the old INBOX is there, and shows the copy up to its end. */
async function firstLogin(
  door: ImbarcoProcess,
  account: DemoAccount,
  how: "LOGIN" | "PLAIN",
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  const client = await (how === "LOGIN"
    ? logInByLogin(door.place("starttls"), account)
    : logInByPlain(door.place("implicit"), account));
  const loggedIn = performance.now();
  try {
    const newest = account.folders["INBOX"]?.at(-1);
    if (newest === undefined) throw new Error(`${account.address} has no mail`);
    const [seen] = await Promise.all([
      waitForMessage(client, messageIdOf(newest), signal).then(() => performance.now()),
      watchUntilSynced(door, DOMAIN, signal),
    ]);
    print();
    good(`logged in after ${seconds(loggedIn - start)}`);
    good(`the newest message was in the open session ${seconds(seen - loggedIn)} after that`);
    good(`the whole mailbox ${seconds(performance.now() - loggedIn)} after the login`);
    await client.logOut();
  } finally {
    client.close();
  }
}

async function lateMail(
  door: ImbarcoProcess,
  old: Dovecot,
  account: DemoAccount,
  signal: AbortSignal,
): Promise<void> {
  const letter = latestLetter(account, new Date());
  await fillMailbox(old.endpoint(), account.address, account.password, { INBOX: [letter] });
  const start = performance.now();
  const client = await logInByLogin(door.place(), account);
  try {
    await waitForMessage(client, messageIdOf(letter), signal);
    good(`a new message at the old server was on the new one ${seconds(performance.now() - start)} later`);
    await client.logOut();
  } finally {
    client.close();
  }
}

/** Compares with imbarco's own command, and again without any of its code. */
async function prove(
  door: ImbarcoProcess,
  old: Dovecot,
  target: Dovecot,
  accounts: readonly DemoAccount[],
): Promise<boolean> {
  for (const { address } of accounts) await imbarco(door, "verify", address, "--deep");
  print();
  say(
    "And by the demo itself, which reads both servers directly and compares SHA-256, date, flags and folder:",
  );
  let allEqual = true;
  for (const { address, password } of accounts) {
    const before = await readMailbox(old.endpoint(), address, password);
    const after = await readMailbox(target.endpoint(), address, password);
    const found = differences(before, after, RENAMED);
    if (found.length === 0) good(`${address}: ${countMessages(before)} messages, all equal`);
    else for (const difference of found) bad(`${address}: ${difference}`);
    allEqual &&= found.length === 0;
  }
  return allEqual;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

import { setTimeout as sleep } from "node:timers/promises";
import { expectOk, ImapClient, type ImapPlace } from "../test/kit/imap-client.ts";
import type { DemoAccount } from "./mailboxes.ts";
import { showDialog } from "./narration.ts";

/** Connects and logs in by LOGIN, as mutt does. */
export async function logInByLogin(place: ImapPlace, account: DemoAccount): Promise<ImapClient> {
  const client = await ImapClient.connect(place);
  const reply = await client.logIn(account.address, account.password);
  showDialog(`LOGIN ${account.address} ********`, shortened(`${reply.status} ${reply.text}`));
  expectOk(reply, `the login of ${account.address}`);
  return client;
}

/** Connects and logs in by AUTHENTICATE PLAIN (RFC 4616), as Thunderbird does. */
export async function logInByPlain(place: ImapPlace, account: DemoAccount): Promise<ImapClient> {
  const client = await ImapClient.connect(place);
  const response = Buffer.from(`\0${account.address}\0${account.password}`).toString("base64");
  const reply = await client.command(`AUTHENTICATE PLAIN ${response}`);
  showDialog("AUTHENTICATE PLAIN ********", shortened(`${reply.status} ${reply.text}`));
  expectOk(reply, `the login of ${account.address}`);
  return client;
}

/** Tries a wrong password; gives the server's answer. */
export async function logInWrongly(place: ImapPlace, account: DemoAccount): Promise<string> {
  const client = await ImapClient.connect(place);
  const reply = await client.logIn(account.address, "not the password");
  client.close();
  return `${reply.status} ${reply.text}`;
}

/** Looks into INBOX again and again until the message is there, as a person with an open mail program does. */
export async function waitForMessage(
  client: ImapClient,
  messageId: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    expectOk(await client.command("EXAMINE INBOX"), "EXAMINE INBOX");
    const reply = await client.command(`UID SEARCH HEADER Message-ID "${messageId}"`);
    if (reply.untagged.some((line) => /^\* SEARCH \d/.test(line.text))) return;
    await sleep(50, undefined, { signal });
  }
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}

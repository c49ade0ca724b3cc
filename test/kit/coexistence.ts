import { type Copying, PASSWORD } from "./copying.ts";
import { expectOk } from "./imap-client.ts";
import { fillMailbox, type MessageToStore, openMailbox, type StoredMailbox } from "./mailbox.ts";

/** A message that is told apart from all others by its text. */
export function mail(text: string, more: Partial<MessageToStore> = {}): MessageToStore {
  return {
    body: Buffer.from(
      `From: a@example.test\r\nMessage-ID: <${text.replaceAll(" ", "-")}@example.test>\r\nSubject: ${text}\r\n\r\n${text}\r\n`,
    ),
    internalDate: `17-Jul-2021 10:${timeOf(text)} +0200`,
    ...more,
  };
}

/** Minute and second, of each text another one. */
function timeOf(text: string): string {
  const second = Buffer.from(text).reduce((sum, octet) => (sum * 31 + octet) % 3_559, 0);
  return [Math.floor(second / 60), second % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `count` messages with a common name. */
export function mails(name: string, count: number): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => mail(`${name} ${at + 1}`));
}

/** Puts messages into the source's folders. */
export async function deliver(
  copying: Copying,
  user: string,
  folders: Readonly<Record<string, readonly MessageToStore[]>>,
): Promise<void> {
  await fillMailbox(copying.source.endpoint(), copying.address(user), PASSWORD, folders);
}

/** Commands of a mail program that has no folder open, such as RENAME. */
export async function manage(
  copying: Copying,
  side: "source" | "target",
  user: string,
  ...commands: string[]
): Promise<void> {
  const client = await openMailbox(copying[side].endpoint(), copying.address(user), PASSWORD);
  for (const command of commands) expectOk(await client.command(command), command);
  await client.logOut();
}

/** How many messages each folder has, without those that are empty. */
export function countsOf(mailbox: StoredMailbox): Record<string, number> {
  const full = [...mailbox].filter(([, { messages }]) => messages.length > 0);
  return Object.fromEntries(full.map(([name, { messages }]) => [name, messages.length]));
}

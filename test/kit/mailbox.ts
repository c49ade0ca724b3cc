import { createHash } from "node:crypto";
import { expectOk, ImapClient, type ImapLine, type ImapPlace } from "./imap-client.ts";
import { decodeModifiedUtf7, encodeModifiedUtf7 } from "./modified-utf7.ts";

/** A message to put into a mailbox. */
export interface MessageToStore {
  readonly body: Buffer;
  readonly flags?: readonly string[];
  /** As IMAP writes it: `17-Jul-1996 02:44:25 -0700`. */
  readonly internalDate?: string;
}

/** A message as a server shows it. */
export interface StoredMessage {
  readonly uid: number;
  /** Without \Recent, sorted. */
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly size: number;
  readonly sha256: string;
}

/** A folder as a server shows it. */
export interface StoredFolder {
  /** In octets, one character each. */
  readonly name: string;
  /** The levels of its name in Unicode; INBOX in capitals. */
  readonly path: readonly string[];
  readonly attributes: readonly string[];
  readonly subscribed: boolean;
  readonly messages: readonly StoredMessage[];
}

/** Folders by `path` joined with `/`. */
export type StoredMailbox = ReadonlyMap<string, StoredFolder>;

/** Connects and logs in. */
export async function openMailbox(place: ImapPlace, user: string, password: string): Promise<ImapClient> {
  const client = await ImapClient.connect(place);
  expectOk(await client.logIn(user, password), `login of ${user}`);
  return client;
}

/**
 * Puts messages into folders, which are created (and subscribed) where needed. Names are Unicode, with the server's
 * separator between levels.
 */
export async function fillMailbox(
  place: ImapPlace,
  user: string,
  password: string,
  folders: Readonly<Record<string, readonly MessageToStore[]>>,
): Promise<void> {
  const client = await openMailbox(place, user, password);
  try {
    for (const [name, messages] of Object.entries(folders)) {
      const octets = Buffer.from(encodeModifiedUtf7(name), "latin1");
      if (name !== "INBOX") {
        await client.command("CREATE ", octets); // there already is fine: the appends tell
        expectOk(await client.command("SUBSCRIBE ", octets), `SUBSCRIBE ${name}`);
      }
      await appendAll(client, octets, messages);
    }
    await client.logOut();
  } finally {
    client.close();
  }
}

/** Sends up to this many messages before it waits for the first answer. */
const WINDOW = 20;

async function appendAll(
  client: ImapClient,
  folder: Buffer,
  messages: readonly MessageToStore[],
): Promise<void> {
  for (let at = 0; at < messages.length; at += WINDOW) {
    const commands = messages.slice(at, at + WINDOW).map((message) => {
      const flags = `(${(message.flags ?? []).join(" ")})`;
      const date = message.internalDate === undefined ? "" : ` "${message.internalDate}"`;
      return ["APPEND ", folder, ` ${flags}${date} `, message.body];
    });
    const what = `APPEND to ${folder.toString("latin1")}`;
    if (client.literalsWait) for (const command of commands) expectOk(await client.command(...command), what);
    else {
      const tags = commands.map((command) => client.send(...command));
      for (const tag of tags) expectOk(await client.answerTo(tag), what);
    }
  }
}

/** All that a server shows of a mailbox, message contents as hashes. Nothing changes there. */
export async function readMailbox(place: ImapPlace, user: string, password: string): Promise<StoredMailbox> {
  const client = await openMailbox(place, user, password);
  try {
    const subscribed = new Set((await listNames(client, "LSUB")).map((folder) => folder.name));
    const mailbox = new Map<string, StoredFolder>();
    for (const folder of await listNames(client, "LIST")) {
      const messages = folder.attributes.includes("\\noselect") ? [] : await readFolder(client, folder.name);
      mailbox.set(folder.path.join("/"), { ...folder, subscribed: subscribed.has(folder.name), messages });
    }
    await client.logOut();
    return mailbox;
  } finally {
    client.close();
  }
}

type ListedName = Pick<StoredFolder, "name" | "path" | "attributes">;

async function listNames(client: ImapClient, command: "LIST" | "LSUB"): Promise<ListedName[]> {
  const reply = expectOk(await client.command(`${command} "" *`), command);
  return reply.untagged.flatMap((line) => listedName(line) ?? []);
}

function listedName(line: ImapLine): ListedName | undefined {
  const match = /^\* (?:LIST|LSUB) \(([^)]*)\) (NIL|"\\?.") (.*)$/s.exec(line.text);
  if (!match) return undefined;
  const [, attributes = "", quoted = "NIL", written = ""] = match;
  const name = line.literals[0]?.toString("latin1") ?? unquote(written);
  const separator = quoted === "NIL" ? undefined : quoted.at(-2);
  const levels = separator === undefined ? [name] : name.split(separator);
  const path = levels.map(decodeModifiedUtf7);
  if (path[0]?.toUpperCase() === "INBOX") path[0] = "INBOX";
  return { name, path, attributes: attributes.toLowerCase().split(" ").filter(Boolean).toSorted() };
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

async function readFolder(client: ImapClient, name: string): Promise<StoredMessage[]> {
  expectOk(await client.command("EXAMINE ", Buffer.from(name, "latin1")), `EXAMINE ${name}`);
  const messages: StoredMessage[] = [];
  const tag = client.send("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])");
  const reply = await client.answerTo(tag, (line) => {
    if (/^\* \d+ FETCH .*BODY\[\]/s.test(line.text)) messages.push(storedMessage(line));
  });
  expectOk(reply, `FETCH in ${name}`);
  return messages.toSorted((a, b) => a.uid - b.uid);
}

function storedMessage(line: ImapLine): StoredMessage {
  const item = (pattern: RegExp) => pattern.exec(line.text)?.[1] ?? "";
  const flags = item(/FLAGS \(([^)]*)\)/).split(" ");
  return {
    uid: Number(item(/UID (\d+)/)),
    flags: flags.filter((flag) => flag !== "" && flag !== "\\Recent").toSorted(),
    internalDate: Date.parse(
      item(/INTERNALDATE "([^"]*)"/)
        .trim()
        .replaceAll("-", " ")
        .replace(/ (\d{4})$/, "-$1"),
    ),
    size: Number(item(/RFC822\.SIZE (\d+)/)),
    sha256: createHash("sha256")
      .update(line.literals[0] ?? Buffer.alloc(0))
      .digest("hex"),
  };
}

/** Folder paths (joined with `/`) of one side → those of the other, where they differ. */
export type Renamed = Readonly<Record<string, string>>;

/**
 * The differences between two mailboxes as sentences; none = the same folders with the same messages: contents, date and flags,
 * each as often here as there.
 */
export function differences(source: StoredMailbox, target: StoredMailbox, renamed: Renamed = {}): string[] {
  const found: string[] = [];
  const expected = new Set<string>();
  for (const [path, folder] of source) {
    const there = renamed[path] ?? path;
    expected.add(there);
    const twin = target.get(there);
    if (twin) found.push(...folderDifferences(path, folder, twin));
    else if (folder.messages.length > 0) found.push(`folder ${path} is missing on the target`);
  }
  for (const [path, folder] of target)
    if (!expected.has(path) && folder.messages.length > 0)
      found.push(`folder ${path} is on the target only, with ${folder.messages.length} messages`);
  return found;
}

function folderDifferences(path: string, source: StoredFolder, target: StoredFolder): string[] {
  const left = new Map<string, number>();
  for (const message of target.messages) left.set(keyOf(message), (left.get(keyOf(message)) ?? 0) + 1);
  const found: string[] = [];
  for (const message of source.messages) {
    const key = keyOf(message);
    const count = left.get(key) ?? 0;
    if (count === 0) found.push(`${path}: the target has no message like UID ${message.uid} (${key})`);
    else left.set(key, count - 1);
  }
  for (const [key, count] of left)
    if (count > 0) found.push(`${path}: ${count} too many on the target (${key})`);
  return found;
}

function keyOf(message: StoredMessage): string {
  const date = new Date(message.internalDate).toISOString();
  return `sha256 ${message.sha256.slice(0, 16)} size ${message.size} ${date} [${message.flags.join(" ")}]`;
}

/** All messages of a mailbox. */
export function countMessages(mailbox: StoredMailbox): number {
  return [...mailbox.values()].reduce((sum, folder) => sum + folder.messages.length, 0);
}

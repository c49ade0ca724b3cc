import { mkdirSync, writeFileSync } from "node:fs";
import { chown, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MAIL_UID, runsAsRoot } from "../../test/kit/dovecot-config.ts";
import { encodeModifiedUtf7 } from "../../test/kit/modified-utf7.ts";
import { type CorpusMessage, type CorpusName, corpusFolders, KEYWORDS } from "./corpus.ts";

/** What was put into the source. */
export interface Seeded {
  readonly messages: number;
  /** Octets over IMAP. */
  readonly octets: number;
}

/** Writes a corpus as a Maildir (the layout Maildir++), with dates, flags, keywords and subscriptions, and hands it to Dovecot's mail user. */
export async function seedMaildir(root: string, name: CorpusName, scale: number): Promise<Seeded> {
  const subscriptions: string[] = [];
  let [messages, octets] = [0, 0];
  for (const folder of corpusFolders(name, scale)) {
    const encoded = folder.path.map(encodeModifiedUtf7).join(".");
    const isInbox = encoded === "INBOX";
    if (!isInbox) subscriptions.push(encoded);
    const place = isInbox ? root : join(root, `.${encoded}`);
    for (const part of ["cur", "new", "tmp"]) mkdirSync(join(place, part), { recursive: true });
    if (!isInbox) writeFileSync(join(place, "maildirfolder"), "");
    const letters = KEYWORDS.map((keyword, index) => `${index} ${keyword}\n`);
    writeFileSync(join(place, "dovecot-keywords"), letters.join(""));
    for (const message of folder.messages) {
      messages += 1;
      octets += message.size;
      await writeMessage(join(place, "cur"), messages, message);
    }
  }
  await writeFile(join(root, "subscriptions"), subscriptions.map((line) => `${line}\n`).join(""));
  await giveToMailUser(root);
  return { messages, octets };
}

/** The file's time is the date that IMAP shows; the sizes in its name spare Dovecot reading it. */
async function writeMessage(folder: string, count: number, message: CorpusMessage): Promise<void> {
  const { date, body, size, flags } = message;
  const unique = `M${String(count).padStart(6, "0")}`;
  const file = join(folder, `${date}.${unique}.bench,S=${body.length},W=${size}:2,${flags}`);
  writeFileSync(file, body);
  await utimes(file, date, date);
}

async function giveToMailUser(root: string): Promise<void> {
  if (!runsAsRoot()) return;
  for (const entry of await readdir(root, { recursive: true }))
    await chown(join(root, entry), MAIL_UID, MAIL_UID);
  await chown(root, MAIL_UID, MAIL_UID);
}

import type { Random } from "../../demo/random.ts";
import type { MessageToStore } from "../kit/mailbox.ts";

export interface MailboxSize {
  readonly messages: number;
  /** Sizes of the large ones, in megabytes, among them. */
  readonly largeMegabytes: readonly number[];
}

/** Where mail lies, with the share of it: parents stand before their children. */
const FOLDERS: readonly (readonly [name: string, share: number])[] = [
  ["INBOX", 0.45],
  ["Archive", 0.25],
  ["Archive.2019", 0.1],
  ["Archive.2019.Müller & Söhne.Letters", 0.1],
  ["Sent", 0.1],
];

const FLAGS: readonly (readonly string[])[] = [
  [],
  [],
  ["\\Seen"],
  ["\\Seen"],
  ["\\Seen", "\\Answered"],
  ["\\Flagged"],
  ["\\Draft", "\\Seen"],
  ["\\Seen", "$Forwarded", "Work"],
];

/** A mailbox that is hard to copy exactly once: copies of one message, messages that differ in nothing but their text, and large ones. */
export function crashMailbox(random: Random, size: MailboxSize): Record<string, MessageToStore[]> {
  const large = size.largeMegabytes.map((megabytes) => largeMessage(random, megabytes));
  const folders = FOLDERS.map(([name, share]) => [name, letters(random, Math.round(size.messages * share))]);
  const mailbox = Object.fromEntries(folders) as Record<string, MessageToStore[]>;
  for (const message of large) {
    const folder = mailbox[random.pick(FOLDERS)[0]] ?? [];
    folder.splice(random.below(folder.length), 0, message);
  }
  return mailbox;
}

/** More mail for one of the folders. */
export function newMail(random: Random, count: number): Record<string, MessageToStore[]> {
  return { [random.pick(FOLDERS)[0]]: letters(random, count) };
}

function letters(random: Random, count: number): MessageToStore[] {
  const some: MessageToStore[] = [];
  while (some.length < count) {
    const draw = random.next();
    if (draw < 0.05) some.push(...copies(random));
    else if (draw < 0.1) some.push(...nearTwins(random));
    else some.push(letter(random));
  }
  return some.slice(0, count);
}

function letter(random: Random): MessageToStore {
  const text = wrapped(random.octets(200 + random.below(random.chance(0.1) ? 60_000 : 3_000)));
  return { body: bodyOf(`${random.next()}`, text), flags: random.pick(FLAGS), internalDate: dateOf(random) };
}

/** The same octets, date and flags several times over. */
function copies(random: Random): MessageToStore[] {
  return Array<MessageToStore>(2 + random.below(8)).fill(letter(random));
}

/** The same date, size and Message-ID, and yet other messages. */
function nearTwins(random: Random): MessageToStore[] {
  const [id, internalDate, flags] = [`${random.next()}`, dateOf(random), random.pick(FLAGS)];
  return Array.from({ length: 2 + random.below(5) }, () => ({
    body: bodyOf(id, wrapped(random.octets(300))),
    flags,
    internalDate,
  }));
}

function largeMessage(random: Random, megabytes: number): MessageToStore {
  const text = wrapped(random.octets(megabytes * 730_000));
  return { body: bodyOf(`large-${random.next()}`, text), flags: ["\\Seen"], internalDate: dateOf(random) };
}

function bodyOf(id: string, text: string): Buffer {
  return Buffer.from(
    `Message-ID: <${id}@crash.test>\r\nSubject: a letter\r\nContent-Transfer-Encoding: base64\r\n\r\n${text}\r\n`,
  );
}

function wrapped(octets: Buffer): string {
  return octets.toString("base64").replace(/(.{76})/g, "$1\r\n");
}

/** Few dates, so that they tie. */
function dateOf(random: Random): string {
  return `${String(1 + random.below(28)).padStart(2, "0")}-Mar-2021 10:00:00 +0100`;
}

import type { MessageToStore } from "../test/kit/mailbox.ts";
import { type Attachment, composeMessage, type Letter, type Person } from "./message.ts";
import { ENGLISH, ITALIAN, type Phrases } from "./phrases.ts";
import { Random } from "./random.ts";

export const DOMAIN = "posta.example";

/** A person of the demo with a mailbox on the old server. */
export interface DemoAccount {
  readonly name: string;
  readonly address: string;
  readonly password: string;
  readonly folders: Readonly<Record<string, readonly MessageToStore[]>>;
}

/** How the folders of an account are called and how many messages each holds. Levels are parted by a dot, as on the old server. */
interface Plan {
  readonly name: string;
  readonly localPart: string;
  readonly password: string;
  readonly phrases: Phrases;
  readonly folders: readonly (readonly [name: string, messages: number])[];
}

const PLANS: readonly Plan[] = [
  {
    name: "Giulia Rossi",
    localPart: "giulia",
    password: "Perché-no? 100% sì",
    phrases: ITALIAN,
    folders: [
      ["INBOX", 180],
      ["Posta inviata", 90],
      ["Bozze", 4],
      ["Cestino", 25],
      ["Clienti & fornitori", 40],
      ["Clienti & fornitori.Caffè Società", 30],
      ["Clienti & fornitori.Caffè Società.2019", 20],
      ["Università", 22],
    ],
  },
  {
    name: "Tom Becker",
    localPart: "tom",
    password: 'quote " and back\\slash',
    phrases: ENGLISH,
    folders: [
      ["INBOX", 220],
      ["Sent", 70],
      ["Drafts", 3],
      ["Trash", 12],
      ["Projects", 15],
      ["Projects.Roof", 35],
      ["Projects.Roof.Offers", 18],
    ],
  },
  {
    name: "Marta Neri",
    localPart: "marta",
    password: "tulipani rossi",
    phrases: ITALIAN,
    folders: [
      ["INBOX", 150],
      ["Posta inviata", 60],
      ["Cestino", 10],
      ["Famiglia", 80],
    ],
  },
];

const YEARS = 10;
const DAY_MS = 86_400_000;

/** The mailboxes of the demo: the same mail in every run, but for the dates, which end a few minutes before `now`. */
export function demoAccounts(now: Date): DemoAccount[] {
  return PLANS.map((plan, index) => {
    const random = new Random(0x5eed + index);
    const folders = plan.folders.map(
      ([name, count]) => [name, letters(plan, name, count, now, random)] as const,
    );
    return {
      name: plan.name,
      address: `${plan.localPart}@${DOMAIN}`,
      password: plan.password,
      folders: Object.fromEntries(folders),
    };
  });
}

/** One more letter, as it comes in at the old server while the migration is under way. */
export function latestLetter(account: DemoAccount, now: Date): MessageToStore {
  const letter: Letter = {
    id: `<late-${now.getTime()}@postino.example>`,
    references: [],
    from: ["Il postino", "postino@postino.example"],
    to: [account.name, account.address],
    subject: "Last letter to the old address",
    date: now,
    paragraphs: ["This one was delivered to the old server after the copy had begun."],
    html: false,
    attachments: [],
  };
  return { body: composeMessage(letter, new Random(1)), internalDate: imapDate(now) };
}

/** The letters of one folder, oldest first, some of them answers to earlier ones. */
function letters(plan: Plan, folder: string, count: number, now: Date, random: Random): MessageToStore[] {
  const written: Letter[] = [];
  for (let index = 0; index < count; index += 1) {
    const age = YEARS * 365 * DAY_MS * (1 - (index + random.next()) / count);
    const date = new Date(now.getTime() - 300_000 - age);
    const earlier = random.chance(0.35) ? written.at(-1 - random.below(3)) : undefined;
    const id = `<${folder.length}.${index}.${random.octets(5).toString("hex")}@mail.example>`;
    written.push(
      letterOf(plan, { id, date, earlier, isSent: /inviata|Sent|Bozze|Drafts/.test(folder) }, random),
    );
  }
  return written.map((letter) => ({
    body: composeMessage(letter, random),
    internalDate: imapDate(letter.date),
    flags: flagsOf(folder, letter, now, random),
  }));
}

interface Circumstances {
  readonly id: string;
  readonly date: Date;
  readonly earlier: Letter | undefined;
  readonly isSent: boolean;
}

function letterOf(plan: Plan, circumstances: Circumstances, random: Random): Letter {
  const { id, date, earlier, isSent } = circumstances;
  const { phrases } = plan;
  const owner: Person = [plan.name, `${plan.localPart}@${DOMAIN}`];
  const other = random.pick(phrases.people);
  const fresh = random.pick(phrases.subjects);
  const subject = earlier ? `${phrases.reply}${earlier.subject.replace(phrases.reply, "")}` : fresh;
  const body = Array.from({ length: 1 + random.below(6) }, () => random.pick(phrases.sentences));
  return {
    id,
    date,
    subject,
    references: earlier ? [...earlier.references, earlier.id] : [],
    from: isSent ? owner : other,
    to: isSent ? other : owner,
    paragraphs: [
      random.pick(phrases.greetings),
      ...body,
      `${random.pick(phrases.closings)}\n${(isSent ? owner : other)[0]}`,
    ],
    html: random.chance(0.4),
    attachments: random.chance(0.15) ? [attachment(phrases, random)] : [],
  };
}

/** Mostly small, now and then some megabytes, as in life. */
function attachment(phrases: Phrases, random: Random): Attachment {
  const size = random.chance(0.12) ? 2_000_000 + random.below(4_000_000) : 4_000 + random.below(200_000);
  return { name: random.pick(phrases.files), content: random.octets(size) };
}

/** Old mail has been read, much of it answered; keywords as Thunderbird and others set them. */
function flagsOf(folder: string, letter: Letter, now: Date, random: Random): string[] {
  if (/Bozze|Drafts/.test(folder)) return ["\\Draft", "\\Seen"];
  const isRecent = now.getTime() - letter.date.getTime() < 60 * DAY_MS;
  const flags: string[] = [];
  if (!isRecent || random.chance(0.3)) flags.push("\\Seen");
  if (random.chance(0.2)) flags.push("\\Answered");
  if (random.chance(0.08)) flags.push("\\Flagged");
  if (random.chance(0.1)) flags.push(random.pick(["$Label1", "$Label3", "$Forwarded", "NonJunk", "lavoro"]));
  return flags;
}

/** As in INTERNALDATE: `17-Jul-2016 02:44:25 +0000` (RFC 9051 §9, date-time). */
function imapDate(date: Date): string {
  const [, day = "", month = "", year = "", time = ""] = date.toUTCString().split(/[ ,]+/);
  return `${day.padStart(2, "0")}-${month}-${year} ${time} +0000`;
}

/** The Message-ID of a message that was written here. */
export function messageIdOf(message: MessageToStore): string {
  return /^Message-ID: (.*?)\r$/m.exec(message.body.toString("latin1"))?.[1] ?? "";
}

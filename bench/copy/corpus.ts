import { createCipheriv } from "node:crypto";
import { Random } from "./random.ts";

export const CORPUS_NAMES = ["S", "M", "L"] as const;
export type CorpusName = (typeof CORPUS_NAMES)[number];

/** What a mailbox of the benchmark is like. */
interface CorpusShape {
  readonly messages: number;
  readonly megabytes: number;
  /** In octets; sizes are log-normal around it. */
  readonly median: number;
  /** In megabytes, beside the others and part of the sum. */
  readonly large: readonly number[];
}

const SHAPES: Readonly<Record<CorpusName, CorpusShape>> = {
  S: { messages: 2000, megabytes: 144, median: 11_000, large: [10, 16, 25] },
  M: { messages: 10_000, megabytes: 84, median: 4000, large: [] },
  L: { messages: 1000, megabytes: 36, median: 11_000, large: [] },
};

/** A folder, its share of the messages in percent, and what it is for. */
interface CorpusFolder {
  readonly path: readonly string[];
  readonly share: number;
}

const FOLDERS: readonly CorpusFolder[] = [
  { path: ["INBOX"], share: 34 },
  { path: ["Sent"], share: 14 },
  { path: ["Drafts"], share: 1 },
  { path: ["Trash"], share: 4 },
  { path: ["Junk"], share: 4 },
  { path: ["Archive"], share: 12 },
  { path: ["Archive", "2019"], share: 8 },
  { path: ["Archive", "2019", "Projekt Größe"], share: 5 },
  { path: ["Rechnungen & Quittungen"], share: 6 },
  { path: ["Città di Merano"], share: 5 },
  { path: ["Lists", "日本語"], share: 4 },
  { path: ["Lists"], share: 3 },
];

/** Folder name → special use, as both servers are configured. */
export const SPECIAL_USE = {
  Sent: "\\Sent",
  Drafts: "\\Drafts",
  Trash: "\\Trash",
  Junk: "\\Junk",
  Archive: "\\Archive",
} as const;

/** In the order in which a Maildir letters them: a, b, c, … */
export const KEYWORDS = ["$Forwarded", "$Label1", "$Label2", "NonJunk", "Steuer"] as const;

/** A message as it is put into the source. */
export interface CorpusMessage {
  /** Whole seconds since 1970. */
  readonly date: number;
  /** Of a Maildir: D, F, R, S, T, and a letter a keyword. In alphabetical order. */
  readonly flags: string;
  /** With the line ends of a Maildir, LF. */
  readonly body: Buffer;
  /** Octets over IMAP, with CRLF. */
  readonly size: number;
}

export interface CorpusFolderFilled {
  readonly path: readonly string[];
  readonly messages: Iterable<CorpusMessage>;
}

const LINE_OCTETS = 77;
const POOL_LINES = 100_000;
const TEN_YEARS_S = 10 * 365 * 86_400;
const LAST_DATE_S = Date.UTC(2025, 11, 31) / 1000;

/** The mailbox of that name, message by message; `scale` is the part of its messages that is made, 1 = all. */
export function* corpusFolders(name: CorpusName, scale: number): Generator<CorpusFolderFilled> {
  const shape = SHAPES[name];
  const random = new Random(name.charCodeAt(0));
  const count = Math.max(FOLDERS.length, Math.round(shape.messages * scale));
  const sizes = sizesOf(shape, count, scale, random);
  const pool = textPool();
  for (const folder of FOLDERS) {
    const own = Math.max(1, Math.round((count * folder.share) / 100));
    const isLast = folder === FOLDERS.at(-1);
    const part = sizes.splice(0, isLast ? sizes.length : own);
    yield { path: folder.path, messages: messagesOf(part, pool, random) };
  }
}

/** Log-normal around the median, and in all as many octets as the shape says: its long tail is bent until the sum fits. */
function sizesOf(shape: CorpusShape, count: number, scale: number, random: Random): number[] {
  const large = scale < 0.5 ? [] : shape.large.map((megabytes) => megabytes * 1e6);
  const wanted = (shape.megabytes - shape.large.reduce((sum, size) => sum + size, 0)) * 1e6 * scale;
  const normals = Array.from({ length: count - large.length }, () => random.normal());
  const withSpread = (spread: number) =>
    normals.map((normal) => Math.min(9e6, Math.max(400, shape.median * Math.exp(spread * normal))));
  let [low, high] = [0.1, 4];
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (withSpread(middle).reduce((sum, size) => sum + size, 0) < wanted) low = middle;
    else high = middle;
  }
  const sizes = withSpread(low).map(Math.round);
  for (const [index, size] of large.entries()) sizes.splice(Math.floor((count * (index + 1)) / 5), 0, size);
  return sizes;
}

/** Lines of base64 from which bodies are cut. */
function textPool(): Buffer {
  const octets = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16));
  const text = octets.update(Buffer.alloc(POOL_LINES * 57)).toString("base64");
  return Buffer.from(text.replace(/.{76}/g, "$&\n"), "latin1");
}

function* messagesOf(sizes: readonly number[], pool: Buffer, random: Random): Generator<CorpusMessage> {
  for (const [index, size] of sizes.entries()) {
    const age = TEN_YEARS_S * (1 - (index + random.next()) / sizes.length);
    const date = Math.floor(LAST_DATE_S - age);
    const head = headOf(index, date, random);
    const lines = Math.max(1, Math.round((size - head.length) / (LINE_OCTETS + 1)));
    const body = Buffer.concat([head, ...bodyOf(lines, pool, random)]);
    const headLines = head.toString("latin1").split("\n").length - 1;
    yield { date, flags: flagsOf(random), body, size: body.length + lines + headLines };
  }
}

function headOf(index: number, date: number, random: Random): Buffer {
  const id = random.below(2 ** 32).toString(16);
  const lines = [
    `Received: from mx.example (mx.example [192.0.2.1]) by mail.example; ${new Date(date * 1000).toUTCString()}`,
    `From: Greta Größe <greta${index % 50}@example.test>`,
    "To: bench@example.test",
    `Subject: Message ${index} ${id}`,
    `Date: ${new Date(date * 1000).toUTCString()}`,
    `Message-ID: <${index}.${date}.${id}@example.test>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
  ];
  return Buffer.from(`${lines.join("\n")}\n\n`);
}

function bodyOf(lines: number, pool: Buffer, random: Random): Buffer[] {
  const parts: Buffer[] = [];
  for (let left = lines; left > 0; ) {
    const from = random.below(POOL_LINES);
    const take = Math.min(left, POOL_LINES - from);
    parts.push(pool.subarray(from * LINE_OCTETS, (from + take) * LINE_OCTETS));
    left -= take;
  }
  return parts;
}

function flagsOf(random: Random): string {
  const letters = [
    ["F", 0.06],
    ["R", 0.2],
    ["S", 0.85],
    ["T", 0.005],
    ...KEYWORDS.map((_, index) => [String.fromCharCode(97 + index), 0.05] as const),
  ] as const;
  return letters.flatMap(([letter, part]) => (random.next() < part ? [letter] : [])).join("");
}

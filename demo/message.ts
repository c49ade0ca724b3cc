import type { Random } from "./random.ts";

/** What a message of the demo says. */
export interface Letter {
  readonly id: string;
  /** Message-IDs of the letters that this one answers, oldest first. */
  readonly references: readonly string[];
  readonly from: Person;
  readonly to: Person;
  readonly subject: string;
  readonly date: Date;
  readonly paragraphs: readonly string[];
  /** Also as HTML, with the text as the alternative. */
  readonly html: boolean;
  readonly attachments: readonly Attachment[];
}

export type Person = readonly [name: string, address: string];

export interface Attachment {
  readonly name: string;
  readonly content: Buffer;
}

const CRLF = "\r\n";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  csv: "text/csv; charset=utf-8",
  jpg: "image/jpeg",
  ics: "text/calendar; charset=utf-8; method=REQUEST",
};

/** A body part or whole message: its header lines about the content, and the content. */
interface Part {
  readonly headers: readonly string[];
  readonly body: string;
}

/** The letter as a mail program would write it (RFC 5322, MIME), with CRLF line ends. */
export function composeMessage(letter: Letter, random: Random): Buffer {
  const part = contentOf(letter, random);
  const last = letter.references.at(-1);
  const headers = [
    `Return-Path: <${letter.from[1]}>`,
    `From: ${mailbox(letter.from)}`,
    `To: ${mailbox(letter.to)}`,
    `Subject: ${encodedWords(letter.subject)}`,
    `Date: ${letter.date.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: ${letter.id}`,
    ...(last === undefined
      ? []
      : [`In-Reply-To: ${last}`, `References: ${letter.references.join(`${CRLF} `)}`]),
    "MIME-Version: 1.0",
  ];
  return Buffer.from([...headers, ...part.headers, "", part.body].join(CRLF));
}

function contentOf(letter: Letter, random: Random): Part {
  const text = textPart(letter.paragraphs.join("\n\n"));
  const content = letter.html ? multipart("alternative", [text, htmlPart(letter)], random) : text;
  if (letter.attachments.length === 0) return content;
  return multipart("mixed", [content, ...letter.attachments.map(attachmentPart)], random);
}

/** Half of the world writes 8-bit text as it is. */
function textPart(text: string): Part {
  const lines = text.split("\n").join(CRLF) + CRLF;
  return {
    headers: ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"],
    body: lines,
  };
}

/** The other half in quoted-printable. */
function htmlPart(letter: Letter): Part {
  const paragraphs = letter.paragraphs.map((text) => `<p style="margin:0 0 1em">${text}</p>`);
  const html = `<html><body><h1>${letter.subject}</h1>${paragraphs.join("\n")}</body></html>`;
  return {
    headers: ["Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"],
    body: quotedPrintable(html),
  };
}

function attachmentPart(attachment: Attachment): Part {
  const type = MEDIA_TYPES[attachment.name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  // RFC 2231 §4: a name beyond ASCII is written in percent signs.
  const name = `filename*=utf-8''${encodeURIComponent(attachment.name).replaceAll("'", "%27")}`;
  return {
    headers: [
      `Content-Type: ${type}`,
      `Content-Disposition: attachment; ${name}`,
      "Content-Transfer-Encoding: base64",
    ],
    body: base64Lines(attachment.content),
  };
}

function multipart(kind: "alternative" | "mixed", parts: readonly Part[], random: Random): Part {
  const boundary = `=_${random.octets(9).toString("hex")}`;
  const inner = parts.map((part) => [`--${boundary}`, ...part.headers, "", part.body].join(CRLF));
  return {
    headers: [`Content-Type: multipart/${kind}; boundary="${boundary}"`],
    body: [...inner, `--${boundary}--`, ""].join(CRLF),
  };
}

function mailbox([name, address]: Person): string {
  return `${encodedWords(name)} <${address}>`;
}

/** RFC 2047: text beyond ASCII in pieces of at most 75 octets, never splitting a character. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const pieces: string[] = [""];
  for (const character of text) {
    if (Buffer.byteLength(`${pieces.at(-1)}${character}`) > 42) pieces.push("");
    pieces[pieces.length - 1] += character;
  }
  return pieces.map((piece) => `=?utf-8?B?${Buffer.from(piece).toString("base64")}?=`).join(`${CRLF} `);
}

/** RFC 2045 §6.7. */
function quotedPrintable(text: string): string {
  const escaped = [...Buffer.from(text)].map((octet) => {
    const plain = (octet >= 0x20 && octet <= 0x7e && octet !== 0x3d) || octet === 0x0a;
    return plain ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  const lines: string[] = [];
  let line = "";
  for (const piece of escaped) {
    // A line has at most 76 characters; `=` at its end says that it goes on.
    const isFull = line.length + piece.length > 75;
    if (piece !== "\n" && !isFull) line += piece;
    else {
      lines.push(piece === "\n" ? line : `${line}=`);
      line = piece === "\n" ? "" : piece;
    }
  }
  return [...lines, line, ""].join(CRLF);
}

function base64Lines(content: Buffer): string {
  return content.toString("base64").replace(/.{1,76}/g, `$&${CRLF}`);
}

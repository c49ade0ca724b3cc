import { createHash } from "node:crypto";
import type { Address } from "../../model/address.ts";
import type { FolderName } from "../../model/ledger.ts";
import { decodedHeader, encodedWords } from "../../upstream/message/encoded-words.ts";
import type { MessageSurvey } from "../../upstream/message/survey.ts";

/** Where a message lies at the source. */
export interface Origin {
  readonly account: Address;
  readonly folder: FolderName;
  readonly uidValidity: number;
  readonly uid: number;
}

/** Hexadecimal digits of a hash that are kept: 128 bits. */
const HASH_DIGITS = 32;
/** RFC 5322 §2.1.1: the length that a line of a header should not exceed. */
const FOLD_CHARACTERS = 78;
/** A value with a longer word than this cannot be folded into lines that every server takes. */
const WORD_CHARACTERS = 900;
/** Octets that make one line of base64 (RFC 2045 §6.8: 76 characters). */
const BASE64_LINE_OCTETS = 57;
const BASE64_LINE_LENGTH = 78;

const COVER_ID = /^<imbarco\.([0-9a-f]{32})\.([0-9a-f]{32})@wrapped\.invalid>$/;

/** The Message-ID of a covering message: says which message of the source is in it, and what that message holds. */
export function coverMessageId(origin: Origin, contentHash: string): string {
  return `<imbarco.${originHash(origin)}.${contentHash.slice(0, HASH_DIGITS)}@wrapped.invalid>`;
}

/** What a Message-ID says if it is that of a covering message. */
export function readCoverMessageId(
  messageId: string | null,
): { readonly origin: string; readonly content: string } | null {
  const [, origin, content] = COVER_ID.exec(messageId ?? "") ?? [];
  return origin === undefined || content === undefined ? null : { origin, content };
}

/** How a covering message names the place of what it holds. */
export function originHash({ account, folder, uidValidity, uid }: Origin): string {
  return sha256(`${account}\0${folder}\0${uidValidity}\0${uid}`);
}

/** Whether the covering message was made for these contents (SHA-256, hexadecimal). */
export function holdsContent(cover: { readonly content: string }, contentHash: string): boolean {
  return cover.content === contentHash.slice(0, HASH_DIGITS);
}

/**
 * Puts a message, unchanged, into a short covering message with its From, Date and Subject that says in plain words why. It is attached as
 * `message/rfc822`, or where it holds what may be refused there too, in base64 as a file (RFC 2046 §5.2.1 forbids base64 on `message/rfc822`). The
 * same survey, words and origin give the same octets each time. Push-fed; `size` = octets of all that it gives.
 */
export class Wrapper {
  readonly size: number;
  readonly #tail: Buffer;
  readonly #lines: Base64Lines | null;
  #head: Buffer | null;

  /**
   * @param words why the message could not be stored otherwise, in the words of the server
   * @param internalDate as the source gives it: stands in for a date that the message does not have
   */
  constructor(origin: Origin, survey: MessageSurvey, internalDate: string, words: string) {
    const boundary = `imbarco-${sha256(`${originHash(origin)} ${survey.hash}`)}`;
    this.#lines = survey.isUnsound ? new Base64Lines() : null;
    this.#head = Buffer.from(headOf(origin, survey, internalDate, words, boundary), "latin1");
    this.#tail = Buffer.from(`\r\n--${boundary}--\r\n`, "latin1");
    const octets = survey.isUnsound ? base64Size(survey.size) : survey.size;
    this.size = this.#head.length + octets + this.#tail.length;
  }

  push(chunk: Buffer): Buffer {
    const content = this.#lines === null ? chunk : this.#lines.push(chunk);
    const head = this.#head;
    this.#head = null;
    return head === null ? content : Buffer.concat([head, content]);
  }

  finish(): Buffer {
    const last = this.#lines?.finish() ?? Buffer.alloc(0);
    return Buffer.concat([this.push(Buffer.alloc(0)), last, this.#tail]);
  }
}

function headOf(
  origin: Origin,
  survey: MessageSurvey,
  internalDate: string,
  words: string,
  boundary: string,
): string {
  const { fields, isUnsound, hasHighOctets } = survey;
  const encoding = !isUnsound && hasHighOctets ? "8bit" : "7bit";
  const subject = fields.get("subject");
  const part = isUnsound
    ? ['Content-Type: application/octet-stream; name="original.eml"', "Content-Transfer-Encoding: base64"]
    : ["Content-Type: message/rfc822", `Content-Transfer-Encoding: ${encoding}`];
  return [
    field("From", senderWords(fields.get("from"))),
    `Date: ${dateOf(fields.get("date"), internalDate)}`,
    ...(subject === undefined
      ? []
      : [
          field(
            "Subject",
            plainWords(subject) ?? encodedWords(decodedHeader(subject).slice(0, WORD_CHARACTERS)),
          ),
        ]),
    `Message-ID: ${coverMessageId(origin, survey.hash)}`,
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    `Content-Transfer-Encoding: ${encoding}`,
    "",
    `--${boundary}`,
    "Content-Type: text/plain; charset=us-ascii",
    "Content-Transfer-Encoding: 7bit",
    "",
    ...coverText(words, isUnsound),
    "",
    `--${boundary}`,
    ...part,
    'Content-Disposition: attachment; filename="original.eml"',
    "",
    "",
  ].join("\r\n");
}

function coverText(words: string, isFile: boolean): string[] {
  const said = words.replaceAll(/[^\x20-\x7e]/g, "?");
  return [
    "When your mail was moved to the new mail server, the new server did not",
    "accept this message in the form in which the old server has kept it. It said:",
    "",
    `    ${said}`,
    "",
    "So that nothing is lost, the message is attached here, complete and unchanged,",
    isFile
      ? 'as the file "original.eml": save the file and open it with a mail program.'
      : "as it was: open the attachment to read it.",
  ];
}

/** The value's words where it can be taken over as it is. */
function plainWords(value: string): string[] | null {
  if (!/^[\x20-\x7e]*$/.test(value)) return null;
  const words = value.split(/(?<=\S) (?=\S)/);
  return words.every((word) => word.length <= WORD_CHARACTERS) ? words : null;
}

/** RFC 5322 §3.6: there must be a sender. */
function senderWords(value: string | undefined): string[] {
  const plain = value === undefined || value === "" ? null : plainWords(value);
  if (plain !== null) return plain;
  const text = decodedHeader(value ?? "").slice(0, WORD_CHARACTERS);
  const address = /[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+/.exec(text)?.[0] ?? "unknown-sender@wrapped.invalid";
  const name = text
    .replace(/<[^<>]*>/g, "")
    .replace(/["\p{Cc}]/gu, "")
    .trim();
  return [...(name === "" || name === address ? [] : encodedWords(name)), `<${address}>`];
}

function dateOf(value: string | undefined, internalDate: string): string {
  if (value !== undefined && /^[\x20-\x7e]{8,100}$/.test(value) && !Number.isNaN(Date.parse(value)))
    return value;
  return internalDate.trim().replaceAll(/(?<=\w)-(?=\w)/g, " ");
}

function field(name: string, words: readonly string[]): string {
  const lines = [`${name}:`];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    if (lines.length > 1 || line !== `${name}:`) {
      if (line.length + 1 + word.length <= FOLD_CHARACTERS) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(` ${word}`);
    } else lines[0] = `${line} ${word}`;
  }
  return lines.join("\r\n");
}

/** Base64 in lines (RFC 2045 §6.8). */
class Base64Lines {
  #held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer {
    const octets = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const lines = Math.floor(octets.length / BASE64_LINE_OCTETS);
    const text: string[] = [];
    for (let at = 0; at < lines * BASE64_LINE_OCTETS; at += BASE64_LINE_OCTETS)
      text.push(octets.toString("base64", at, at + BASE64_LINE_OCTETS), "\r\n");
    // A copy: the chunk's memory may be used again.
    this.#held = Buffer.from(octets.subarray(lines * BASE64_LINE_OCTETS));
    return Buffer.from(text.join(""), "latin1");
  }

  finish(): Buffer {
    const last = this.#held.length === 0 ? "" : `${this.#held.toString("base64")}\r\n`;
    this.#held = Buffer.alloc(0);
    return Buffer.from(last, "latin1");
  }
}

function base64Size(octets: number): number {
  const rest = octets % BASE64_LINE_OCTETS;
  return (
    Math.floor(octets / BASE64_LINE_OCTETS) * BASE64_LINE_LENGTH +
    (rest === 0 ? 0 : Math.ceil(rest / 3) * 4 + 2)
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS);
}

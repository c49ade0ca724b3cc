import { isNumbered, type Part, ResponseError, standsAt } from "./response-reader.ts";

/** `[UIDVALIDITY 7]`: the name in upper case, the rest as it came (RFC 9051 §7.1). */
export interface ResponseCode {
  readonly name: string;
  readonly text: string;
}

/** The end of a command. */
export interface Tagged {
  readonly kind: "tagged";
  readonly tag: string;
  readonly status: "OK" | "NO" | "BAD";
  readonly code: ResponseCode | null;
  /** The server's words as they came: bring them into shape by `printable` before anybody reads them. */
  readonly text: string;
}

/** `* OK …`, `* BYE …`. */
export interface UntaggedStatus {
  readonly kind: "status";
  readonly status: "OK" | "NO" | "BAD" | "BYE" | "PREAUTH";
  readonly code: ResponseCode | null;
  readonly text: string;
}

/** `* 12 FETCH (…)`, `* LIST …`. `rest` is read by `readValues` by whoever expects it. */
export interface UntaggedData {
  readonly kind: "data";
  readonly number: number | null;
  /** Upper case. */
  readonly name: string;
  readonly rest: readonly Part[];
}

/** `+ …`: the server asks for more of a command. */
export interface Continuation {
  readonly kind: "continuation";
  readonly text: string;
}

export type Untagged = UntaggedStatus | UntaggedData;
export type Response = Tagged | Untagged | Continuation;

/** What a response is can be seen from this much of it. */
const HEAD_OCTETS = 120;

const TAGGED = /^([^\s"(){}%*\\+]+) (OK|NO|BAD)(?: (.*))?$/is;
const UNTAGGED_STATUS = /^\* (OK|NO|BAD|BYE|PREAUTH)(?: (.*))?$/is;
const UNTAGGED_DATA = /^\* (?:([0-9]{1,15}) )?([^\s()"]+) ?/;
const CODE = /^\[([^\s\]]+)(?: (.*?))?\](?: |$)/s;

/** What a response is. @throws {ResponseError} when it is none */
export function parseResponse(parts: readonly Part[]): Response {
  const first = parts[0];
  if (first?.kind !== "text") throw new ResponseError("a response without a beginning");
  const fetch = plainFetch(first.octets, parts);
  if (fetch !== null) return fetch;
  const head = first.octets.toString("latin1", 0, HEAD_OCTETS);
  if (head.startsWith("+")) return { kind: "continuation", text: utf8(first.octets.subarray(2)) };
  if (parts.length === 1 && !isNumbered(first.octets)) {
    const status = parseStatus(first.octets, head);
    if (status) return status;
  }
  const data = UNTAGGED_DATA.exec(head);
  if (!data) throw new ResponseError("a line that is no response");
  return {
    kind: "data",
    number: data[1] === undefined ? null : Number(data[1]),
    name: (data[2] as string).toUpperCase(),
    rest: [{ kind: "text", octets: first.octets.subarray(data[0].length) }, ...parts.slice(1)],
  };
}

const SPACE = 0x20;
const FETCH = Buffer.from("FETCH ", "latin1");
/** `* ` and a number of up to 15 digits. */
const NUMBER_END = 17;

/** `* 12 FETCH …` as nearly all servers write it, without a look at the rest: a mailbox comes in as many of these as it has messages. */
function plainFetch(line: Buffer, parts: readonly Part[]): UntaggedData | null {
  if (!isNumbered(line)) return null;
  let number = 0;
  let at = 2;
  for (; at < NUMBER_END && line[at] !== SPACE; at += 1) {
    const digit = (line[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return null;
    number = number * 10 + digit;
  }
  const rest = at + 1 + FETCH.length;
  if (line[at] !== SPACE || !standsAt(line, at + 1, FETCH)) return null;
  const behind = parts.slice();
  behind[0] = { kind: "text", octets: line.subarray(rest) };
  return { kind: "data", number, name: "FETCH", rest: behind };
}

/** The text of data that is a line without literals: `CAPABILITY`, `SEARCH`. */
export function lineOf(data: UntaggedData): string {
  const first = data.rest[0];
  return first?.kind === "text" ? first.octets.toString("latin1") : "";
}

/** The words of a code's list, as in `[PERMANENTFLAGS (\Seen \*)]` and `[CAPABILITY …]`. */
export function wordsOf(code: ResponseCode): string[] {
  return code.text
    .replace(/^\(|\)$/g, "")
    .split(" ")
    .filter((word) => word !== "");
}

/** A code that is one number, as in `[UIDNEXT 7]`. */
export function codeNumber(code: ResponseCode): number | null {
  return /^[0-9]{1,15}$/.test(code.text) ? Number(code.text) : null;
}

function parseStatus(octets: Buffer, head: string): Tagged | UntaggedStatus | null {
  // The short head decides, so that a response of megabytes is not made a string in vain.
  if (!/^\S+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |$)/i.test(head)) return null;
  const line = octets.toString("latin1");
  const untagged = UNTAGGED_STATUS.exec(line);
  if (untagged) {
    const status = (untagged[1] as string).toUpperCase() as UntaggedStatus["status"];
    return { kind: "status", status, ...codeAndText(untagged[2] ?? "") };
  }
  const tagged = TAGGED.exec(line);
  if (!tagged) return null;
  const status = (tagged[2] as string).toUpperCase() as Tagged["status"];
  return { kind: "tagged", tag: tagged[1] as string, status, ...codeAndText(tagged[3] ?? "") };
}

function codeAndText(rest: string): { code: ResponseCode | null; text: string } {
  const found = CODE.exec(rest);
  if (!found) return { code: null, text: utf8(Buffer.from(rest, "latin1")) };
  const text = utf8(Buffer.from(rest.slice(found[0].length), "latin1"));
  return { code: { name: (found[1] as string).toUpperCase(), text: found[2] ?? "" }, text };
}

function utf8(octets: Buffer): string {
  return octets.toString("utf8");
}

import type { UntaggedData } from "./response.ts";
import { type Part, standsAt } from "./response-reader.ts";

/** What most servers say of a message, word for word in the order in which it was asked for. */
export interface PlainMetadata {
  readonly uid: number;
  /** As the server spells them, \Recent included, with spaces between them. */
  readonly flags: string;
  readonly internalDate: string;
  readonly size: number;
}

const METADATA =
  /^\(UID (\d{1,10}) FLAGS \(([^()"{}[\]]*)\) INTERNALDATE "([^"\\]{1,40})" RFC822\.SIZE (\d{1,15})\)$/;
const BEFORE_UID = Buffer.from("(UID ", "latin1");
const BODY = Buffer.from(" BODY[] ", "latin1");
const UID_DIGITS = 10;
const CLOSE = 0x29;

/**
 * Metadata in the commonest form, read in one go: a mailbox has as many of these lines as messages. `null` = another form, to be read word by
 * word (RFC 9051 §7.5.2 leaves servers free in order and case).
 */
export function plainMetadata(data: UntaggedData): PlainMetadata | null {
  const [only] = data.rest;
  if (data.rest.length !== 1 || only?.kind !== "text") return null;
  const found = METADATA.exec(only.octets.toString("latin1"));
  if (found === null) return null;
  return {
    uid: Number(found[1]),
    flags: found[2] as string,
    internalDate: found[3] as string,
    size: Number(found[4]),
  };
}

/** A whole message that was kept, in the commonest form; `null` = another form. */
export function plainBody(data: UntaggedData): { readonly uid: number; readonly octets: Buffer } | null {
  const [head, body, tail] = data.rest;
  if (data.rest.length !== 3 || body?.kind !== "literal" || !isClose(tail)) return null;
  const uid = head?.kind === "text" ? uidOf(head.octets) : null;
  return uid === null ? null : { uid, octets: body.octets };
}

/** The UID of `(UID 12 BODY[] `. By hand, as there are as many of these as messages. */
function uidOf(head: Buffer): number | null {
  const end = head.length - BODY.length;
  const digits = end - BEFORE_UID.length;
  if (digits < 1 || digits > UID_DIGITS || !standsAt(head, 0, BEFORE_UID) || !standsAt(head, end, BODY))
    return null;
  let uid = 0;
  for (let at = BEFORE_UID.length; at < end; at += 1) {
    const digit = (head[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return null;
    uid = uid * 10 + digit;
  }
  return uid;
}

function isClose(part: Part | undefined): boolean {
  return part?.kind === "text" && part.octets.length === 1 && part.octets[0] === CLOSE;
}

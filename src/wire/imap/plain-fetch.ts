import type { UntaggedData } from "./response.ts";
import type { Part } from "./response-reader.ts";

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
const BODY = /^\(UID (\d{1,10}) BODY\[\] $/;
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
  const found = head?.kind === "text" ? BODY.exec(head.octets.toString("latin1")) : null;
  return found && { uid: Number(found[1]), octets: body.octets };
}

function isClose(part: Part | undefined): boolean {
  return part?.kind === "text" && part.octets.length === 1 && part.octets[0] === CLOSE;
}

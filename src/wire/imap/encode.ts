import { invariant } from "../../kit/invariant.ts";

/** A string that must travel as a literal: the writer knows which form the server takes. */
export interface LiteralPiece {
  readonly literal: Buffer;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Octets as an argument of a command (RFC 9051 §4.3): quoted where all are printable ASCII, else a literal. Never a bare atom: `NIL` and the like
 * would mean something else. NUL cannot be sent at all; the caller has refused it.
 */
export function astring(octets: Buffer): Buffer | LiteralPiece {
  if (!isPrintableAscii(octets)) return { literal: octets };
  const quoted = Buffer.alloc(octets.length * 2 + 2);
  let at = 0;
  quoted[at++] = QUOTE;
  for (const octet of octets) {
    if (octet === QUOTE || octet === BACKSLASH) quoted[at++] = BACKSLASH;
    quoted[at++] = octet;
  }
  quoted[at++] = QUOTE;
  return quoted.subarray(0, at);
}

/** Printable ASCII as a quoted argument. @throws {InvariantError} for anything else, which would be another command */
export function quoted(text: string): string {
  invariant(/^[ -~]*$/.test(text), "only printable ASCII can be quoted");
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** A folder's name as the ledger keeps it (one character an octet) as an argument. */
export function folderArgument(name: string): Buffer | LiteralPiece {
  return astring(Buffer.from(name, "latin1"));
}

function isPrintableAscii(octets: Buffer): boolean {
  return octets.every((octet) => octet >= 0x20 && octet <= 0x7e);
}

const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "latin1");
const PAD = 0x3d;

/** Base64 (RFC 4648 §4) from octets to octets: no string of the secret is made on the way. */
export function base64(octets: Buffer): Buffer {
  const encoded = Buffer.alloc(Math.ceil(octets.length / 3) * 4, PAD);
  let at = 0;
  for (let i = 0; i < octets.length; i += 3) {
    const left = octets.length - i;
    const bits = ((octets[i] ?? 0) << 16) | ((octets[i + 1] ?? 0) << 8) | (octets[i + 2] ?? 0);
    encoded[at] = ALPHABET[bits >> 18] ?? PAD;
    encoded[at + 1] = ALPHABET[(bits >> 12) & 63] ?? PAD;
    if (left > 1) encoded[at + 2] = ALPHABET[(bits >> 6) & 63] ?? PAD;
    if (left > 2) encoded[at + 3] = ALPHABET[bits & 63] ?? PAD;
    at += 4;
  }
  return encoded;
}

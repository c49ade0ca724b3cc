import { domainToASCII } from "node:url";
import { printable } from "../kit/text.ts";

/** RFC 5321 §4.5.3.1: a local part has at most 64 octets, a path at most 256 with its brackets. */
const LOCAL_PART_LIMIT = 64;
const ADDRESS_LIMIT = 254;

/** RFC 1035 §2.3.4. */
const DOMAIN_LIMIT = 253;
/** What every reading of names leaves as it is: labels of ASCII in lower case, the last one of letters only, so that it is no IPv4 address. */
const PLAIN_DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
/** What is an address already, as nearly all that are typed: every login reads one. */
const PLAIN_ADDRESS = new RegExp(`^[a-z0-9._+-]{1,${LOCAL_PART_LIMIT}}@${PLAIN_DOMAIN.source.slice(1)}`);

/** A full mail address as accounts are named: lower case, the domain in A-labels. */
export type Address = string;

/** Why a text is not an address; `message` is a full sentence for the person who wrote it. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/**
 * Folds a text to the form in which accounts are stored and compared: trimmed, lower case, international domain as A-labels.
 * @throws {AddressError} with what is wrong, when it is not one full address
 */
export function parseAddress(text: string): Address {
  if (text.length <= ADDRESS_LIMIT && PLAIN_ADDRESS.test(text) && !text.includes("xn--")) return text;
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf("@");
  if (at <= 0)
    throw new AddressError(
      `"${printable(trimmed)}" is not a full address: it needs a part before and one after the @`,
    );
  const local = trimmed.slice(0, at).normalize("NFC").toLowerCase();
  if (hasControlOrSpace(local) || local.includes("@"))
    throw new AddressError(
      `the part before the @ of "${printable(trimmed)}" has a character that no mailbox name can have`,
    );
  if (Buffer.byteLength(local) > LOCAL_PART_LIMIT)
    throw new AddressError(
      `the part before the @ of "${printable(trimmed)}" is longer than ${LOCAL_PART_LIMIT} octets`,
    );
  const address = `${local}@${parseDomainName(trimmed.slice(at + 1))}`;
  if (Buffer.byteLength(address) > ADDRESS_LIMIT)
    throw new AddressError(`"${printable(trimmed)}" is longer than ${ADDRESS_LIMIT} octets`);
  return address;
}

/**
 * Folds a domain name: lower case, A-labels, no trailing dot.
 * @throws {AddressError} when it is no domain name
 */
export function parseDomainName(text: string): string {
  const written = text.trim().replace(/\.$/, "");
  // As nearly all are: what comes next takes a hundred times as long.
  if (PLAIN_DOMAIN.test(written) && !written.includes("xn--") && written.length <= DOMAIN_LIMIT)
    return written;
  // Node reads a name as a URL's host: it would drop what follows one of these, and decode percent signs.
  const name = /[/\\?#:@%]/.test(written) ? "" : domainToASCII(written);
  const labels = name.split(".");
  // RFC 1035 §2.3.4: a label has at most 63 octets; RFC 5890 §2.3.1: letters, digits and inner hyphens.
  const sound =
    labels.length >= 2 && labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (!sound) throw new AddressError(`"${printable(text.trim())}" is not a domain name such as example.org`);
  return name;
}

/** The domain of an address that `parseAddress` made. */
export function domainOf(address: Address): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** The part before the @ of an address that `parseAddress` made. */
export function localPartOf(address: Address): string {
  return address.slice(0, address.lastIndexOf("@"));
}

function hasControlOrSpace(text: string): boolean {
  return /[\p{Cc}\p{Z}]/u.test(text);
}

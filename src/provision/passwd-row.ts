import { invariant } from "../kit/invariant.ts";
import type { ProvisionRequest } from "./provision.ts";

/**
 * Rows of Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:extra fields`, as texts of one character an octet
 * (latin1) without their line end, so that what an administrator wrote there in any encoding survives.
 */
export type Row = string;

/** A crypt text that no password has. Unlike an empty field, which lets anybody in; a master user still gets in. */
const LOCKED = "{CRYPT}*";

const PASSWORD = 1;
const GECOS = 4;
const EXTRA = 7;

const QUOTA_FIELD = "userdb_quota_rule";

/** Why the address cannot stand in a passwd-file, as the end of a sentence; `null` = it can. */
export function misfitOf(address: string): string | null {
  if (address.includes(":")) return "a colon ends a field there";
  if (address.startsWith("#")) return "a # at the beginning makes a comment there";
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(address)) return "it has a control character";
  return null;
}

/** A new row, locked where there is no password yet. */
export function newRow(request: ProvisionRequest): Row {
  const fields = [octets(request.address), passwordField(request.verifier ?? LOCKED), "", "", "", "", "", ""];
  fields[GECOS] = octets((request.name ?? "").replace(/[:\p{Cc}\p{Z}]+/gu, " ").trim());
  fields[EXTRA] = request.quota === null ? "" : quotaField(request.quota);
  return fields.join(":");
}

/**
 * The row with what the request asks for, and everything else as it was. Without a password in the request a row is left
 * alone, but for one whose empty password would let anybody in: that one is locked.
 */
export function changedRow(row: Row, request: ProvisionRequest): Row {
  const fields = row.split(":");
  const before = fields[PASSWORD] ?? "";
  if (request.verifier === null)
    return isOpen(before) && !letsAnybodyIn(row) ? withPassword(fields, LOCKED) : row;
  const extra = fields.slice(EXTRA).join(":");
  // A quota that stands there already may have been raised by hand.
  if (request.quota !== null && !words(extra).some((word) => nameOf(word) === QUOTA_FIELD)) {
    while (fields.length < EXTRA) fields.push("");
    fields.splice(
      EXTRA,
      fields.length,
      extra === "" ? quotaField(request.quota) : `${extra} ${quotaField(request.quota)}`,
    );
  }
  return withPassword(fields, request.verifier);
}

/** Whether an administrator has opened this row to any password on purpose (Dovecot's extra field `nopassword`). */
export function letsAnybodyIn(row: Row): boolean {
  return words(row.split(":").slice(EXTRA).join(":")).some((word) => nameOf(word) === "nopassword");
}

/** An address as the octets of its row. */
export function octets(text: string): Row {
  return Buffer.from(text, "utf8").toString("latin1");
}

function withPassword(fields: readonly string[], password: string): Row {
  return [fields[0], passwordField(password), ...fields.slice(PASSWORD + 1)].join(":");
}

function passwordField(password: string): string {
  invariant(!isOpen(password), "a passwd-file row never gets an empty password");
  invariant(/^[!-9;-~]+$/.test(password), "a verifier is printable ASCII without colons");
  return password;
}

/** Dovecot takes an empty field, and a scheme with nothing behind it, for an empty password. */
function isOpen(password: string): boolean {
  return /^(\{[^}]*\})?$/.test(password);
}

function quotaField(quota: number): string {
  invariant(Number.isSafeInteger(quota) && quota >= 0, "a quota is a whole number of octets");
  return `${QUOTA_FIELD}=*:bytes=${quota}`;
}

function words(extra: string): string[] {
  return extra.split(" ").filter((word) => word !== "");
}

function nameOf(word: string): string {
  return word.split("=", 1)[0] ?? "";
}

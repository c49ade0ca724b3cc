import { printable } from "../../kit/text.ts";

/** What a target's NO to an APPEND means for what comes next. */
export type RefusalMeaning =
  /** The mailbox is full: nothing is wrong with the message. */
  | "over-quota"
  /** The folder is gone. */
  | "no-folder"
  /** The server has trouble of its own: the same message may go through later. */
  | "later"
  /** The server does not take this message. */
  | "message";

/** RFC 5530 §3 and RFC 9208 §4.3. SERVERBUG is what Dovecot says when its disk is full or a file cannot be written. */
const MEANINGS: Readonly<Record<string, RefusalMeaning>> = {
  OVERQUOTA: "over-quota",
  TRYCREATE: "no-folder",
  NONEXISTENT: "no-folder",
  UNAVAILABLE: "later",
  LIMIT: "later",
  THROTTLED: "later",
  INUSE: "later",
  SERVERBUG: "later",
  CONTACTADMIN: "later",
  EXPIRED: "later",
  NOPERM: "later",
};

/** What a refusal means, by its code; servers from before RFC 9208 say "quota" in words only. */
export function meaningOfRefusal(refusal: {
  readonly code: string | null;
  readonly text: string;
}): RefusalMeaning {
  if (isTooLarge(wordsOfRefusal(refusal))) return "message";
  const known = MEANINGS[refusal.code?.toUpperCase() ?? ""];
  if (known) return known;
  return refusal.code === null && /\bquota\b/i.test(refusal.text) ? "over-quota" : "message";
}

/** Whether `words` (see `wordsOfRefusal`) say that the message is too large: TOOBIG (RFC 7889 §4), or LIMIT as Dovecot says it of its quota_max_mail_size. */
export function isTooLarge(words: string): boolean {
  if (/^\[TOOBIG\]/i.test(words)) return true;
  // The mailbox is full, then, whatever else they say.
  if (/\bquota\b/i.test(words)) return false;
  return (
    /^(\[LIMIT\]|[^[])/i.test(words) &&
    /\b(mail|message|size)\b.*\b(too (large|big)|larger than|exceeds)\b/i.test(words)
  );
}

/** The server's words as they stand in the list of refused messages, without the time that Dovecot took: what is said twice should read the same. */
export function wordsOfRefusal(refusal: { readonly code: string | null; readonly text: string }): string {
  const words = printable(refusal.text.trim()).replace(/ \([\d.]+( \+ [\d.]+)+ secs\)\.?$/, "");
  if (refusal.code === null) return words === "" ? "the server gave no reason" : words;
  return `[${printable(refusal.code)}] ${words}`.trim();
}

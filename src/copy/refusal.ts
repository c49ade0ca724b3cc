import { printable } from "../kit/text.ts";

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
  const known = MEANINGS[refusal.code?.toUpperCase() ?? ""];
  if (known) return known;
  return refusal.code === null && /\bquota\b/i.test(refusal.text) ? "over-quota" : "message";
}

/** The server's words as they stand in the list of refused messages. */
export function wordsOfRefusal(refusal: { readonly code: string | null; readonly text: string }): string {
  const words = printable(refusal.text.trim());
  if (refusal.code === null) return words === "" ? "the server gave no reason" : words;
  return `[${printable(refusal.code)}] ${words}`.trim();
}

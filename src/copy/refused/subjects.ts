import { printable } from "../../kit/text.ts";
import { type LedgerEntry, SUBJECT_CHARACTERS } from "../../model/ledger.ts";
import { fetchSubjects } from "../../upstream/imap/commands/fetch-subjects.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { uidSetOf } from "../../upstream/imap/uid-set.ts";
import { decodedHeader } from "../../upstream/message/encoded-words.ts";
import { headerFields } from "../../upstream/message/header.ts";
import { UIDS_A_COMMAND } from "../limits.ts";

/**
 * Entries of messages that are refused without having been read, with their subjects, so that the list of refused messages says which they are.
 * @param source with their folder open
 * @throws {Failure} when the connection breaks
 */
export async function withSubjects(
  source: ImapConnection,
  entries: readonly LedgerEntry[],
): Promise<LedgerEntry[]> {
  const subjects = new Map<number, string>();
  for (let at = 0; at < entries.length; at += UIDS_A_COMMAND) {
    const uids = entries.slice(at, at + UIDS_A_COMMAND).map(({ sourceUid }) => sourceUid);
    try {
      const found = await fetchSubjects(source, uidSetOf(uids.sort((a, b) => a - b)));
      for (const [uid, header] of found) subjects.set(uid, header);
    } catch (error) {
      // A subject is worth no failure; the list shows what is known without it.
      if (!(error instanceof CommandRefusedError)) throw error;
    }
  }
  return entries.map((entry) => {
    const header = subjects.get(entry.sourceUid);
    if (header === undefined) return entry;
    const value = headerFields(Buffer.from(header, "latin1")).get("subject") ?? "";
    return { ...entry, subject: shownSubject(value) };
  });
}

/**
 * A subject as the ledger keeps it.
 * @param latin1 the field's value, one character an octet
 */
export function shownSubject(latin1: string): string {
  // Cut where it may be within a character of two halves: what is left of that goes too.
  const cut = printable(decodedHeader(latin1)).slice(0, SUBJECT_CHARACTERS);
  return cut
    .replace(/[\uD800-\uDBFF]$/, "")
    .toWellFormed()
    .trim();
}

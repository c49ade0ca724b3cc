import type { LedgerEntry } from "../model/ledger.ts";
import type { AppendResult } from "../upstream/imap/append.ts";
import type { MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { refusedEntry, storedEntry } from "./record.ts";
import { meaningOfRefusal, wordsOfRefusal } from "./refusal.ts";

/** One message and what the target answered. */
export interface Transfer {
  readonly message: MessageMetadata;
  readonly result: AppendResult;
}

/** What the answers to a batch mean. */
export interface Verdict {
  /** For the ledger: stored, or refused for good. */
  readonly entries: LedgerEntry[];
  readonly stored: readonly { readonly message: MessageMetadata; readonly targetUid: number | null }[];
  /** The server's words, where the mailbox is full, the folder gone, or the message should be tried again later. */
  readonly overQuota: string | null;
  readonly folderGone: string | null;
  readonly postponed: { readonly messages: number; readonly words: string } | null;
}

/**
 * Judges a batch. What is stored or refused for its own sake goes into the ledger; what failed for another reason does not, so
 * that it is copied when the reason has gone.
 */
export function judge(transfers: readonly Transfer[]): Verdict {
  const stored: { message: MessageMetadata; targetUid: number | null }[] = [];
  const entries: LedgerEntry[] = [];
  let overQuota: string | null = null;
  let folderGone: string | null = null;
  const postponed = { messages: 0, words: "" };
  for (const { message, result } of transfers) {
    if (result.kind === "stored") {
      stored.push({ message, targetUid: result.uid });
      entries.push(storedEntry(message, result.uid));
      continue;
    }
    const words = wordsOfRefusal(result);
    switch (meaningOfRefusal(result)) {
      case "over-quota":
        overQuota ??= words;
        break;
      case "no-folder":
        folderGone ??= words;
        break;
      case "later":
        postponed.messages += 1;
        postponed.words = words;
        break;
      case "message":
        entries.push(refusedEntry(message, words));
        break;
    }
  }
  return { entries, stored, overQuota, folderGone, postponed: postponed.messages > 0 ? postponed : null };
}

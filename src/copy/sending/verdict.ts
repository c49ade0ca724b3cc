import type { AppendManyResult } from "../../upstream/imap/commands/append.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { meaningOfRefusal, wordsOfRefusal } from "../refused/refusal.ts";
import type { Answer } from "./append-sender.ts";

/** A message that the target has stored. `uidValidity` null = it did not say where. */
export interface Stored {
  readonly message: MessageMetadata;
  readonly uidValidity: number | null;
  readonly targetUid: number | null;
}

/** Messages of one command that the target refused for the sake of one of them at least. */
export interface RefusedGroup {
  readonly messages: readonly MessageMetadata[];
  readonly words: string;
}

/** What the answer to one command means. */
export interface Judgement {
  readonly stored: readonly Stored[];
  readonly refused: RefusedGroup | null;
  /** The server's words, where the mailbox is full, the folder gone, or the messages should be tried again later. */
  readonly overQuota: string | null;
  readonly folderGone: string | null;
  readonly postponed: { readonly messages: number; readonly words: string } | null;
}

const NOTHING: Judgement = {
  stored: [],
  refused: null,
  overQuota: null,
  folderGone: null,
  postponed: null,
};

/**
 * Judges the answer to an APPEND. What is refused for the message's own sake, or for the room that several need together, is tried again in
 * parts; what fails for another reason stays out of the ledger, so that it is copied when the reason has gone.
 */
export function judge({ messages, result }: Answer): Judgement {
  if (result.kind === "stored") return { ...NOTHING, stored: storedOf(messages, result) };
  const words = wordsOfRefusal(result);
  switch (meaningOfRefusal(result)) {
    case "over-quota":
      return messages.length > 1
        ? { ...NOTHING, refused: { messages, words } }
        : { ...NOTHING, overQuota: words };
    case "no-folder":
      return { ...NOTHING, folderGone: words };
    case "later":
      return { ...NOTHING, postponed: { messages: messages.length, words } };
    case "message":
      return { ...NOTHING, refused: { messages, words } };
  }
}

function storedOf(
  messages: readonly MessageMetadata[],
  { uidValidity, uids }: AppendManyResult & { readonly kind: "stored" },
): Stored[] {
  return messages.map((message, at) => ({
    message,
    uidValidity: uids === null ? null : uidValidity,
    targetUid: uids?.[at] ?? null,
  }));
}

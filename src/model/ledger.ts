/**
 * Words of the ledger. A folder name is octets as the server sent them, written one character an octet (latin1), so that
 * a name in broken modified UTF-7 survives.
 */
export type FolderName = string;

/** How a message is offered to the target, one after the other: unchanged, with what servers refuse mended, inside a covering message. */
export const LADDER_STEPS = ["as-is", "mended", "wrapped"] as const;
export type LadderStep = (typeof LADDER_STEPS)[number];

/** What was done to a message so that the target takes it. */
export type Remedy = Exclude<LadderStep, "as-is">;

/** A step at which the target refused a message, with its words. */
export interface RefusedStep {
  readonly step: LadderStep;
  readonly words: string;
}

/** What became of one source message. */
export interface LedgerEntry {
  readonly sourceUid: number;
  /**
   * Its UID in the target folder; `null` = with `refusal`: it was never stored there; without: it was copied once and is no longer to be found
   * under a UID (the target's folder was deleted or made anew). Either way it is never copied again.
   */
  readonly targetUid: number | null;
  /** Source flags last seen, without \Recent, as the server spells them, sorted. */
  readonly flags: readonly string[];
  /** INTERNALDATE in seconds since 1970 and RFC822.SIZE: recognise the message again when UIDVALIDITY changes. */
  readonly internalDate: number;
  readonly size: number;
  /** Where `targetUid` is null: the target's own words. */
  readonly refusal: string | null;
  /** How it differs on the target from what the source holds; absent = not at all. */
  readonly remedy?: Remedy;
  /** Decoded, at most `SUBJECT_CHARACTERS`; of messages that the target has refused in some form. */
  readonly subject?: string;
  /** The steps that failed before the one that did not, or all of them. */
  readonly steps?: readonly RefusedStep[];
  /** With `refusal` only: somebody has asked for it, and the next pass tries it again. */
  readonly tryAgain?: true;
  /** Fencing token of the pass that first found it gone from its source folder, deleted or moved there; absent while the source has it. */
  readonly goneSince?: number;
  /** Flags that were about to be changed on the target when the process ended: whether they were is unknown. Absent = none. */
  readonly flagsUnderWay?: readonly string[];
  /** The copier was moving the copy when the process ended, and the source has the message no more: where the copy is nobody knows. */
  readonly moveUnderWay?: true;
}

/** Longest subject that the ledger keeps. */
export const SUBJECT_CHARACTERS = 200;

/** What is known of one source folder. */
export interface LedgerFolder {
  /** Source name, in octets (see `FolderName`). */
  readonly source: FolderName;
  readonly sourceUidValidity: number;
  /** The source's UIDNEXT and message count when the last pass over this folder ended whole; null before. */
  readonly sourceUidNext: number | null;
  readonly sourceMessages: number | null;
  /** RFC 7162; a decimal text because it may exceed 2^53; null where the source has none. */
  readonly sourceHighestModSeq: string | null;
  readonly target: FolderName;
  readonly targetUidValidity: number | null;
  /** By ascending source UID. */
  readonly entries: readonly LedgerEntry[];
}

/** One batch that the target has confirmed (or refused message by message). */
export interface LedgerBatch {
  readonly source: FolderName;
  readonly entries: readonly LedgerEntry[];
}

/** What a worker was about to send: written before the batch, cleared together with its record. */
export interface LedgerIntent {
  /** Names the connection pair, so that each has one batch in flight. */
  readonly id: string;
  readonly source: FolderName;
  readonly sourceUidValidity: number;
  readonly target: FolderName;
  readonly targetUidValidity: number;
  /** The target's UIDNEXT before the batch: what arrived of it has this UID or a higher one. */
  readonly targetUidNext: number;
  readonly sourceUids: readonly number[];
  /** ISO 8601 UTC. */
  readonly at: string;
  /** Of messages that are moved on the target and not sent: which they were in their former folder, in the order of `sourceUids`. */
  readonly movedFrom?: { readonly source: FolderName; readonly sourceUids: readonly number[] };
  /** What it was sent over; none where nobody could ask about it later. */
  readonly via?: SentOver | undefined;
}

/** A TCP connection by which its kernel still knows it when the process that opened it is dead. */
export interface SentOver {
  /** Address and port, IPv6 in brackets. */
  readonly local: string;
  readonly remote: string;
  /** Names the running kernel and its network namespace: another one knows nothing of the connection. */
  readonly kernel: string;
}

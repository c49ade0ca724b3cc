import type { Remedy } from "../model/ledger.ts";

/** What `imbarco verify` says: the JSON shape of the contract's §3, with names decoded for people. Counts are messages. */
export interface Comparison {
  readonly equal: boolean;
  readonly accounts: readonly AccountComparison[];
  readonly notCompared: readonly NotCompared[];
}

export interface NotCompared {
  readonly address: string;
  /** `waiting` = its user has not logged in, so nothing is to be compared; `failed` = a server could not be read. */
  readonly kind: "waiting" | "failed";
  readonly message: string;
}

export interface AccountComparison {
  readonly address: string;
  /** All that the source holds is on the target as it was, or was changed there by its user. */
  readonly equal: boolean;
  /** `imapflow` = read by a client that the copier does not use; `own` = by imbarco's, `remarks` says why. */
  readonly reader: "imapflow" | "own";
  readonly remarks: readonly string[];
  readonly folders: readonly FolderComparison[];
  /** Source folders that are not copied and so not compared. */
  readonly excluded: readonly ExcludedFolder[];
}

export interface ExcludedFolder {
  readonly source: string;
  /** `rule` = the domain excludes it; `view` = it only shows messages of other folders. */
  readonly reason: "rule" | "view";
}

export interface FolderComparison {
  readonly source: string;
  /** `null` = the folder was never made there. */
  readonly target: string | null;
  readonly equal: boolean;
  readonly sourceCount: number;
  readonly targetCount: number;
  /** On the source and never stored on the target, the refused ones among them. */
  readonly missing: number;
  /** Those of the missing that the target refused. */
  readonly refused: number;
  /** The first `LISTED_MESSAGES` of the missing. */
  readonly missingMessages: readonly MissingMessage[];
  /** On the target and not from the source: delivered or made there. */
  readonly extra: number;
  /** Copied once and no longer where the copier put them: deleted or moved on the target by the user. */
  readonly removedOnTarget: number;
  /** Flags that differ because the user changed them on the target. */
  readonly flagsChangedOnTarget: number;
  /** Messages of which the target changed line ends or NULs when it stored them. */
  readonly mended: number;
  /** Messages that the target refused as they are. */
  readonly remedied: Remedies;
  /** Messages whose contents were compared. */
  readonly contentsCompared: number;
  /** On both sides and not the same: the first `LISTED_MESSAGES` of them. */
  readonly different: readonly Difference[];
  readonly differences: number;
}

/** Messages that are on the target with line ends mended and NULs removed, or within a covering message. */
export interface Remedies {
  readonly mended: number;
  readonly wrapped: number;
  /** The first `LISTED_MESSAGES` of them. */
  readonly messages: readonly RemediedMessage[];
}

export interface RemediedMessage {
  readonly sourceUid: number;
  readonly targetUid: number;
  readonly remedy: Remedy;
  /** Why it was refused as it is, in the target's words; `null` where a crash came before they were noted. */
  readonly words: string | null;
}

export interface MissingMessage {
  readonly sourceUid: number;
  /** The target's own words, where it refused the message. */
  readonly refusal: string | null;
}

/** A message that is not the same on both sides, in words. */
export interface Difference {
  readonly kind: "size" | "flags" | "date" | "content";
  readonly sourceUid: number;
  readonly targetUid: number;
  readonly message: string;
}

/** How many messages of a folder are listed one by one. */
export const LISTED_MESSAGES = 200;

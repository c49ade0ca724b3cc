import type { Difference } from "./comparison.ts";
import type { Pair } from "./match.ts";

const DAY_SECONDS = 86_400;

/** What a pair shows without its contents. */
export interface PairFindings {
  readonly different: readonly Difference[];
  /** The sizes differ, or the copier has mended the message: only the contents can explain that. */
  readonly readContents: boolean;
  /** The user has changed flags on the target. */
  readonly flagsChangedOnTarget: boolean;
}

/**
 * Compares what the two servers say about one message.
 * @param copiedSince seconds since 1970: when this account's copy began
 */
export function comparePair(pair: Pair, copiedSince: number): PairFindings {
  const flags = compareFlags(pair);
  const different: Difference[] = [];
  if (flags.unexplained.length > 0)
    different.push(difference(pair, "flags", `flags differ: ${flags.unexplained.join(", ")}`));
  if (pair.source.internalDate !== pair.target.internalDate && !isForcedDate(pair, copiedSince))
    different.push(
      difference(
        pair,
        "date",
        `INTERNALDATE is ${isoTime(pair.source.internalDate)} at the source and ${isoTime(pair.target.internalDate)} on the target`,
      ),
    );
  const isWrapped = pair.row?.remedy === "wrapped";
  if (isWrapped && pair.target.size <= pair.source.size)
    different.push(
      difference(
        pair,
        "size",
        `the covering message has ${pair.target.size} octets, too few for the ${pair.source.size} that it should hold`,
      ),
    );
  return {
    different,
    // A covering message is never equal to what it holds; a mended one need not differ in size.
    readContents: !isWrapped && (pair.row?.remedy === "mended" || pair.source.size !== pair.target.size),
    flagsChangedOnTarget: flags.changedOnTarget,
  };
}

export function difference(pair: Pair, kind: Difference["kind"], message: string): Difference {
  return { kind, sourceUid: pair.source.uid, targetUid: pair.target.uid, message };
}

/**
 * Flag by flag: where the source has still what the ledger saw last, a target that differs was changed by its user. A flag that moved at the
 * source and not on the target has not been carried over. Flags are compared without regard to case (RFC 9051 §2.3.2).
 */
function compareFlags({ source, target, row }: Pair): { unexplained: string[]; changedOnTarget: boolean } {
  const atSource = lowered(source.flags);
  const onTarget = lowered(target.flags);
  const agreed = row ? lowered(row.flags) : null;
  const unexplained: string[] = [];
  let changedOnTarget = false;
  for (const flag of new Set([...atSource, ...onTarget])) {
    if (atSource.has(flag) === onTarget.has(flag)) continue;
    if (agreed !== null && agreed.has(flag) === atSource.has(flag)) changedOnTarget = true;
    else unexplained.push(`${flag} only ${atSource.has(flag) ? "at the source" : "on the target"}`);
  }
  return { unexplained, changedOnTarget };
}

function lowered(flags: readonly string[]): Set<string> {
  return new Set(flags.map((flag) => flag.toLowerCase()));
}

/** Dovecot takes an APPEND date more than a day ahead for a mistake and stores the present time. */
function isForcedDate({ source, target }: Pair, copiedSince: number): boolean {
  return target.internalDate >= copiedSince && source.internalDate - target.internalDate >= DAY_SECONDS;
}

function isoTime(seconds: number): string {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : "unreadable";
}

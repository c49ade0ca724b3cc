import type { LedgerEntry, LedgerFolder } from "../model/ledger.ts";
import type { ReaderMessage } from "../upstream/imap/reading/reader.ts";

/** One folder as a reader found it. */
export interface FolderContents {
  readonly uidValidity: number;
  readonly messages: readonly ReaderMessage[];
}

/** The same message on both sides. */
export interface Pair {
  readonly source: ReaderMessage;
  readonly target: ReaderMessage;
  /** What the ledger says of it; `null` where the two were matched by what they look like. */
  readonly row: LedgerEntry | null;
}

export interface Match {
  readonly pairs: readonly Pair[];
  readonly missing: readonly { readonly source: ReaderMessage; readonly refusal: string | null }[];
  readonly removedOnTarget: number;
  /** Target messages that neither a pair nor the ledger explains. */
  readonly extra: readonly ReaderMessage[];
}

/**
 * Finds for every source message what became of it on the target: by the ledger's row where its UIDs still mean the same, else by INTERNALDATE, size and
 * Message-ID. A message that was copied once and is gone there was removed by its user, so it is not missing.
 * @param otherRows target UIDs in this target folder that the ledger knows from other source folders
 */
export function matchFolder(
  source: FolderContents,
  target: FolderContents | null,
  ledger: LedgerFolder | undefined,
  otherRows: ReadonlySet<number> = new Set(),
): Match {
  const targetStands = target !== null && ledger?.targetUidValidity === target.uidValidity;
  const sourceStands = ledger?.sourceUidValidity === source.uidValidity;
  const rows = new Map((sourceStands ? ledger.entries : []).map((row) => [row.sourceUid, row]));
  const left = new Map((target?.messages ?? []).map((message) => [message.uid, message]));

  const pairs: Pair[] = [];
  const unplaced: { source: ReaderMessage; row: LedgerEntry | undefined }[] = [];
  for (const message of source.messages) {
    const row = rows.get(message.uid);
    // No message has the UID 0, which stands for a row without one.
    const placed = targetStands ? left.get(row?.targetUid ?? 0) : undefined;
    if (row && placed) {
      pairs.push({ source: message, target: placed, row });
      left.delete(placed.uid);
    } else unplaced.push({ source: message, row });
  }

  // What a row speaks of belongs to that row: a second message that looks the same must not take it.
  if (targetStands && sourceStands) for (const row of ledger.entries) left.delete(row.targetUid ?? 0);
  for (const uid of otherRows) left.delete(uid);
  const alike = new Pool([...left.values()], looks);
  // Rows from before the source renumbered its messages still tell what was copied once.
  const former = new Pool(ledger && !sourceStands ? ledger.entries : [], dateAndSize);

  const missing: { source: ReaderMessage; refusal: string | null }[] = [];
  let removedOnTarget = 0;
  for (const { source: message, row } of unplaced) {
    const twin = alike.take(message);
    const known = row ?? former.take(message);
    if (twin) {
      pairs.push({ source: message, target: twin, row: known ?? null });
      left.delete(twin.uid);
    } else if (known && known.refusal === null) removedOnTarget += 1;
    else missing.push({ source: message, refusal: known?.refusal ?? null });
  }
  if (targetStands) for (const row of ledger.entries) left.delete(row.targetUid ?? 0);
  return { pairs, missing, removedOnTarget, extra: [...left.values()] };
}

/** What is left of a message that says whether two are the same. */
interface Look {
  readonly internalDate: number;
  readonly size: number;
  readonly messageId?: string | null;
}

/** Things that look alike share a place and are taken out one by one, the first one first. */
class Pool<T extends Look> {
  readonly #places = new Map<string, T[]>();
  readonly #look: (thing: Look) => string;

  constructor(things: readonly T[], look: (thing: Look) => string) {
    this.#look = look;
    for (const thing of things.toReversed()) {
      const place = this.#places.get(look(thing));
      if (place) place.push(thing);
      else this.#places.set(look(thing), [thing]);
    }
  }

  take(like: Look): T | undefined {
    return this.#places.get(this.#look(like))?.pop();
  }
}

function looks(message: Look): string {
  return `${message.internalDate} ${message.size} ${message.messageId ?? ""}`;
}

function dateAndSize(message: Look): string {
  return `${message.internalDate} ${message.size}`;
}

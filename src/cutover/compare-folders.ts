import { folderKey, isInbox } from "../model/folder.ts";
import { isExcluded } from "../model/folder-map.ts";
import type { FolderName, LedgerFolder } from "../model/ledger.ts";
import type { Reader, ReaderFolder, ReaderMessage } from "../upstream/imap/reading/reader.ts";
import { compareContents } from "./compare-contents.ts";
import {
  type AccountComparison,
  type Difference,
  type ExcludedFolder,
  type FolderComparison,
  LISTED_MESSAGES,
} from "./comparison.ts";
import { comparePair } from "./differences.ts";
import { shownFolderName } from "./folder-name.ts";
import { type FolderContents, type Match, matchFolder, type Pair } from "./match.ts";
import { remediesOf } from "./remedies.ts";

export interface VerifyProgress {
  readonly address: string;
  /** Decoded. */
  readonly folder: string;
  /** Messages of this folder whose contents have been read, and how many there are to read. */
  readonly contentsDone: number;
  readonly contentsTotal: number;
}

export interface CompareOptions {
  readonly address: string;
  readonly deep: boolean;
  /** What the domain does not copy. */
  readonly exclude: readonly string[];
  /** Seconds since 1970: when this account's copy began. */
  readonly copiedSince: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

interface Readers {
  readonly source: Reader;
  readonly target: Reader;
}

/** Compares every folder of the source that can hold messages with what the ledger says became of it, but for those that are not copied. */
export async function compareFolders(
  readers: Readers,
  ledger: readonly LedgerFolder[],
  options: CompareOptions,
): Promise<Pick<AccountComparison, "folders" | "excluded">> {
  const [listed, onTarget] = await Promise.all([readers.source.folders(), readers.target.folders()]);
  const present = new Map(
    onTarget.filter((one) => one.selectable).map((one) => [folderKey(one.name), one.name]),
  );
  const known = new Map(ledger.map((folder) => [folderKey(folder.source), folder]));
  const results: FolderComparison[] = [];
  const excluded: ExcludedFolder[] = [];
  const seen = new Set<FolderName>();
  for (const folder of listed.filter((one) => one.selectable).toSorted(inboxFirst)) {
    const { name } = folder;
    if (folder.isView || isExcluded(folder.levels, options.exclude)) {
      excluded.push({ source: shownFolderName(name), reason: folder.isView ? "view" : "rule" });
      continue;
    }
    options.signal?.throwIfAborted();
    const row = known.get(folderKey(name));
    const target = row === undefined ? undefined : present.get(folderKey(row.target));
    const result = await compareFolder(readers, { name, target, row, ledger }, options);
    // What is new in a folder that its user removed goes to INBOX: what is extra there counts once.
    results.push(target !== undefined && seen.has(target) ? { ...result, extra: 0 } : result);
    if (target !== undefined) seen.add(target);
  }
  return { folders: results, excluded };
}

function inboxFirst(a: ReaderFolder, b: ReaderFolder): number {
  if (isInbox(a.name) !== isInbox(b.name)) return isInbox(a.name) ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

interface FolderAtHand {
  readonly name: FolderName;
  /** Its name on the target, if it is there. */
  readonly target: FolderName | undefined;
  readonly row: LedgerFolder | undefined;
  readonly ledger: readonly LedgerFolder[];
}

async function compareFolder(
  readers: Readers,
  at: FolderAtHand,
  options: CompareOptions,
): Promise<FolderComparison> {
  const { source, target, match } = await readAndMatch(readers, at);
  const folder = shownFolderName(at.name);
  const different: Difference[] = [];
  const toRead: Pair[] = [];
  let flagsChangedOnTarget = 0;
  for (const pair of match.pairs) {
    const findings = comparePair(pair, options.copiedSince);
    different.push(...findings.different);
    if (findings.flagsChangedOnTarget) flagsChangedOnTarget += 1;
    if (findings.readContents || (options.deep && pair.row?.remedy !== "wrapped")) toRead.push(pair);
  }
  const contents = await compareContents(readers, toRead, options.signal, (contentsDone) =>
    options.onProgress?.({ address: options.address, folder, contentsDone, contentsTotal: toRead.length }),
  );
  different.push(...contents.different);
  return {
    source: folder,
    target: at.row === undefined ? null : shownFolderName(at.row.target),
    equal: match.missing.length === 0 && different.length === 0,
    sourceCount: source.messages.length,
    targetCount: target?.messages.length ?? 0,
    missing: match.missing.length,
    refused: match.missing.filter((one) => one.refusal !== null).length,
    missingMessages: match.missing
      .slice(0, LISTED_MESSAGES)
      .map((one) => ({ sourceUid: one.source.uid, refusal: one.refusal })),
    extra: match.extra.length,
    removedOnTarget: match.removedOnTarget,
    flagsChangedOnTarget,
    mended: contents.mended,
    remedied: remediesOf(match.pairs),
    contentsCompared: contents.compared,
    different: different.slice(0, LISTED_MESSAGES),
    differences: different.length,
  };
}

/** Reads both sides and matches them; the Message-IDs only where something is left that they could decide. */
async function readAndMatch(
  readers: Readers,
  at: FolderAtHand,
): Promise<{ source: FolderContents; target: FolderContents | null; match: Match }> {
  const read = async (messageId: boolean) => {
    const [source, target] = await Promise.all([
      readFolder(readers.source, at.name, messageId),
      at.target === undefined ? null : readFolder(readers.target, at.target, messageId),
    ]);
    return { source, target, match: matchFolder(source, target, at.row, rowsOfOthers(at, target)) };
  };
  const plain = await read(false);
  const byLooks = plain.match.pairs.some((pair) => pair.row?.targetUid !== pair.target.uid);
  return byLooks ? read(true) : plain;
}

async function readFolder(reader: Reader, name: FolderName, messageId: boolean): Promise<FolderContents> {
  const { uidValidity } = await reader.open(name);
  const messages: ReaderMessage[] = [];
  for await (const message of reader.messages({ messageId })) messages.push(message);
  return { uidValidity, messages };
}

/** Several source folders may have gone to one target folder. */
function rowsOfOthers(at: FolderAtHand, target: FolderContents | null): Set<number> {
  const uids = new Set<number>();
  if (target === null || at.row === undefined) return uids;
  for (const other of at.ledger) {
    const same =
      folderKey(other.target) === folderKey(at.row.target) && other.targetUidValidity === target.uidValidity;
    if (other === at.row || !same) continue;
    for (const row of other.entries) if (row.targetUid !== null) uids.add(row.targetUid);
  }
  return uids;
}

import { printable } from "../kit/text.ts";
import { type Hierarchy, isInbox } from "../model/folder.ts";
import { type FolderRule, mappedLevels } from "../model/folder-map.ts";
import { levelsOf, markOf, targetNames, translateName } from "../model/folder-names.ts";
import { decodeFolderName } from "../model/folder-text.ts";
import type { FolderName } from "../model/ledger.ts";
import { isSetAside } from "../model/set-aside.ts";
import type { Output } from "./output.ts";

/** A folder that is called otherwise on the target, apart from separators and a server's prefix. Names are decoded. */
export interface RenamedFolder {
  readonly source: string;
  readonly target: string;
  /**
   * `rule` = the domain's rules; `special_use` = the target's own Sent, Trash, …; `name` = the target does not take the name, or another folder has it;
   * `deleted` = its user has deleted it on the target, so what is new goes to INBOX.
   */
  readonly reason: "rule" | "special_use" | "name" | "deleted";
}

interface Placed {
  readonly source: FolderName;
  readonly target: FolderName;
}

const SEPARATORS = ["/", ".", "\\", null] as const;
/** The ledger does not say how the servers arrange their folders, but a name shows it. */
const HIERARCHIES = SEPARATORS.flatMap((separator): Hierarchy[] => {
  const plain = { separator, prefix: "" };
  return separator === null ? [plain] : [plain, { separator, prefix: `INBOX${separator}` }];
});
const REASONS: Readonly<Record<RenamedFolder["reason"], string>> = {
  rule: "by the domain's rule",
  special_use: "the target's folder of the same use",
  name: "the target does not take the name, or another folder has it",
  deleted: "deleted on the target by its user: new mail goes to INBOX",
};

/** Which folders of an account are called otherwise on the target, by their names at the source. */
export function renamedFolders(
  placed: readonly Placed[],
  rules: readonly FolderRule[],
): readonly RenamedFolder[] {
  const renamed: (Placed & Pick<RenamedFolder, "reason">)[] = [];
  for (const { source, target } of placed.toSorted((a, b) => (a.source < b.source ? -1 : 1))) {
    if (isSetAside(source) || isSameName(source, target)) continue;
    const above = renamed.findLast((one) => isBelow(source, one.source) && isBelow(target, one.target));
    renamed.push({ source, target, reason: above?.reason ?? reasonOf({ source, target }, rules) });
  }
  return renamed.map(({ source, target, reason }) => ({
    source: decodeFolderName(source),
    target: decodeFolderName(target),
    reason,
  }));
}

/** Prints them as a table, if there are any. */
export function printRenamedFolders(out: Output, folders: readonly RenamedFolder[]): void {
  if (folders.length === 0) return;
  out.line();
  out.table(
    ["FOLDER", "ON THE TARGET", "WHY"],
    folders.map(({ source, target, reason }) => [printable(source), printable(target), REASONS[reason]]),
  );
}

function isSameName(source: FolderName, target: FolderName): boolean {
  if (isInbox(source) || isInbox(target)) return isInbox(source) && isInbox(target);
  const spellings = new Set(HIERARCHIES.map((hierarchy) => JSON.stringify(levelsOf(source, hierarchy))));
  return HIERARCHIES.some((hierarchy) => spellings.has(JSON.stringify(levelsOf(target, hierarchy))));
}

function reasonOf({ source, target }: Placed, rules: readonly FolderRule[]): RenamedFolder["reason"] {
  if (HIERARCHIES.some((hierarchy) => mappedLevels(levelsOf(source, hierarchy), rules) !== null))
    return "rule";
  if (isInbox(target)) return "deleted";
  if (target.includes(`-${markOf(source)}`)) return "name";
  return HIERARCHIES.some((from) => HIERARCHIES.some((to) => isFallback(source, target, from, to)))
    ? "name"
    : "special_use";
}

/** Whether the target's name is the source's as it is written where the target does not take it. */
function isFallback(source: FolderName, target: FolderName, from: Hierarchy, to: Hierarchy): boolean {
  const nothing = new Set<string>();
  const wanted = translateName(source, from, to);
  const names = targetNames({
    source,
    wanted,
    hierarchy: to,
    taken: nothing,
    wantedByOthers: nothing,
    existing: nothing,
  });
  return names.includes(target);
}

function isBelow(name: FolderName, above: FolderName): boolean {
  return SEPARATORS.some((separator) => separator !== null && name.startsWith(above + separator));
}

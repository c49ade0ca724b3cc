import { escapeSeparator } from "./folder-names.ts";
import { decodeFolderName, encodeFolderName } from "./folder-text.ts";
import type { FolderName } from "./ledger.ts";

/**
 * A rule of a domain: what is called `from` at the source, and everything below it, is called `to` on the target. Both as people write them:
 * UTF-8, levels parted by `/` whatever the servers use, without a server's prefix; a slash in a level's own name is written %2F.
 */
export interface FolderRule {
  readonly from: string;
  readonly to: string;
}

/** Longest path in a rule: longer than servers take for a name. */
const PATH_LIMIT = 1000;

/** Why a text cannot be a path in a rule, or `null` where it can. */
export function problemOfPath(path: string): string | null {
  if (path === "") return "a folder is needed on both sides";
  if (path.length > PATH_LIMIT) return `a path has at most ${PATH_LIMIT} characters`;
  if (/\p{Cc}/u.test(path)) return "a folder name has no control characters";
  if (path.split("/").includes("")) return "a level without a name (a slash in a name is written %2F)";
  return null;
}

/** The levels of a folder as rules and people name it: decoded, `/` between the levels. */
export function pathOf(levels: readonly FolderName[]): string {
  const texts = levels.map((level) => escapeSeparator(decodeFolderName(level).normalize("NFC"), "/"));
  if (texts[0]?.toUpperCase() === "INBOX") texts[0] = "INBOX";
  return texts.join("/");
}

/**
 * The levels that a folder gets on the target by the rule that fits it best (the one with the most levels in `from`, then the first); `null`
 * where none does. INBOX itself is no folder to be mapped.
 */
export function mappedLevels(
  levels: readonly FolderName[],
  rules: readonly FolderRule[],
): FolderName[] | null {
  const path = pathOf(levels);
  if (path === "INBOX") return null;
  const fitting = rules.filter(({ from }) => path === normal(from) || path.startsWith(`${normal(from)}/`));
  const depth = (rule: FolderRule) => rule.from.split("/").length;
  const [best] = fitting.toSorted((a, b) => depth(b) - depth(a));
  if (best === undefined) return null;
  return [...levelsOfPath(best.to), ...levels.slice(depth(best))];
}

/** Whether a rule names this very folder, not only one above it. */
export function hasOwnRule(levels: readonly FolderName[], rules: readonly FolderRule[]): boolean {
  const path = pathOf(levels);
  return path !== "INBOX" && rules.some(({ from }) => normal(from) === path);
}

/** A path as people write it, as levels in octets. */
function levelsOfPath(path: string): FolderName[] {
  return normal(path)
    .split("/")
    .map((level) => encodeFolderName(level.replace(/%(2F|25)/gi, (_, code) => (code === "25" ? "%" : "/"))));
}

/**
 * Whether a domain's list says that a folder is not copied. An entry is a path and means this one folder; with `*` at its end every folder whose path begins
 * so, on any level; with `%` only those on the same level, as in LIST (RFC 9051 §6.3.9). INBOX is always copied.
 */
export function isExcluded(levels: readonly FolderName[], patterns: readonly string[]): boolean {
  const path = pathOf(levels);
  if (path === "INBOX") return false;
  return patterns.some((pattern) => {
    const start = normal(pattern.slice(0, -1));
    if (pattern.endsWith("*")) return path.startsWith(start);
    if (pattern.endsWith("%")) return path.startsWith(start) && !path.slice(start.length).includes("/");
    return path === normal(pattern);
  });
}

function normal(path: string): string {
  const text = path.normalize("NFC");
  return text.replace(/^inbox(?=\/|$)/i, "INBOX");
}

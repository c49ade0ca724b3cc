import { createHash } from "node:crypto";
import { folderKey, type Hierarchy, isInbox } from "./folder.ts";
import type { FolderName } from "./ledger.ts";

/** Longest part of a name that is given to a target which refused the original. */
const PLAIN_PART_LIMIT = 60;

/** The levels of a source name without the server's prefix; INBOX is one level. */
export function levelsOf(name: FolderName, { prefix, separator }: Hierarchy): FolderName[] {
  if (isInbox(name)) return ["INBOX"];
  const inner = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return separator === null ? [inner] : inner.split(separator);
}

/** The name of the folder one level up, or `null` at the top. */
export function parentOf(name: FolderName, hierarchy: Hierarchy): FolderName | null {
  if (hierarchy.separator === null) return null;
  const at = name.lastIndexOf(hierarchy.separator);
  return at < hierarchy.prefix.length || at <= 0 ? null : name.slice(0, at);
}

/**
 * A source name in the target's spelling: prefix and separator exchanged. Where a level's own name holds the target's
 * separator, that is written as %2F (or whatever its octet is), reversibly. Different names stay different, but for INBOX: `INBOX.INBOX` of
 * a server with a prefix comes out as `INBOX` too, so the caller must look whether a name is taken.
 */
export function translateName(name: FolderName, from: Hierarchy, to: Hierarchy): FolderName {
  if (isInbox(name)) return "INBOX";
  return nameOf(levelsOf(name, from), to);
}

/** Levels as a name of the target. */
export function nameOf(levels: readonly FolderName[], { prefix, separator }: Hierarchy): FolderName {
  return prefix + levels.map((level) => escapeSeparator(level, separator)).join(separator ?? "-");
}

/** The last level of a name in the target's spelling, to be put below its parent's target. */
export function translateLeaf(name: FolderName, from: Hierarchy, to: Hierarchy): FolderName {
  const parent = parentOf(name, from);
  const leaf = parent === null ? name.slice(from.prefix.length) : name.slice(parent.length + 1);
  return escapeSeparator(leaf, to.separator);
}

/** A level's own name with `separator` in it written as its octet, reversibly: `a/b` as `a%2Fb`. */
export function escapeSeparator(level: string, separator: string | null): string {
  if (separator === null || separator === "%") return level;
  const code = hexOf(separator);
  // `%` itself only where it would be read as one of ours, so that `100%` stays what it is.
  return level.replaceAll(new RegExp(`%(?=25|${code})`, "g"), "%25").replaceAll(separator, `%${code}`);
}

/** Names by `folderKey`. */
export type KeySet = Pick<ReadonlySet<string>, "has">;

/** What a choice of target names depends on. */
export interface NameChoice {
  readonly source: FolderName;
  /** The name as it should be: `translateName`, or below the parent's target. */
  readonly wanted: FolderName;
  /** Of the target. */
  readonly hierarchy: Hierarchy;
  /** Target names that other source folders have already. */
  readonly taken: KeySet;
  /** Names that other source folders want: not to be given to a folder that only falls back on them. */
  readonly wantedByOthers: KeySet;
  /** Names that exist on the target. */
  readonly existing: KeySet;
}

/**
 * The target names to try for a source folder, best first: as it should be; with letters, digits and a few signs only, where the target refuses
 * others; with a mark of the source's name behind it; the mark alone. Stable, and never a name that another source folder has.
 */
export function targetNames(choice: NameChoice): FolderName[] {
  const plain = plainName(choice.wanted, choice.hierarchy.separator);
  const mark = markOf(choice.source);
  const isFree = (name: FolderName) => !choice.taken.has(folderKey(name));
  // A plain name that exists already is some other folder of the target; one with our mark can only be ours.
  const mayBePlain =
    !choice.wantedByOthers.has(folderKey(plain)) &&
    (plain === choice.wanted || !choice.existing.has(folderKey(plain)));
  const names = [
    choice.wanted,
    ...(mayBePlain ? [plain] : []),
    `${plain}-${mark}`,
    `${choice.hierarchy.prefix}Folder-${mark}`,
  ];
  return [...new Set(names)].filter(isFree);
}

/** Eight hexadecimal digits that stand for the source's name. */
export function markOf(source: FolderName): string {
  return createHash("sha256").update(Buffer.from(source, "latin1")).digest("hex").slice(0, 8);
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

/** A name that the strictest server takes: Dovecot refuses `~x`, `cur`, dots in Maildir++; others controls, wildcards, 8-bit. */
function plainName(name: FolderName, separator: string | null): FolderName {
  const levels = separator === null ? [name] : name.split(separator);
  return levels.map(plainLevel).join(separator ?? "");
}

function plainLevel(level: string): string {
  // Runs of modified UTF-7 (RFC 3501 §5.1.3) stay whole: they are how an accent is written.
  const kept = level.replaceAll(/&[A-Za-z0-9+,]*-|[^]/g, (part) =>
    part.length > 1 || /[A-Za-z0-9 _-]/.test(part) ? part : "_",
  );
  const short =
    kept.length > PLAIN_PART_LIMIT ? kept.replaceAll(/&[^-]*-/g, "_").slice(0, PLAIN_PART_LIMIT) : kept;
  const edged = short.replaceAll(/^ | $/g, "_");
  return edged === "" || /^(?:cur|new|tmp)$/i.test(edged) ? `${edged}_` : edged;
}

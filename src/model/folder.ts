import { createHash } from "node:crypto";
import type { FolderName } from "./ledger.ts";

/** A folder as a server lists it. */
export interface FolderFacts {
  readonly name: FolderName;
  /** One character; `null` = the server knows no levels. */
  readonly separator: string | null;
  /** Lower case with the backslash. */
  readonly attributes: readonly string[];
}

/** How a server arranges the folders of a person: `INBOX.` before every name at Courier, nothing at most others. */
export interface Hierarchy {
  readonly separator: string | null;
  readonly prefix: string;
}

/** RFC 6154 §2: the uses that one folder of an account can have, beside the collections \All and \Flagged. */
const SPECIAL_USES = ["\\sent", "\\drafts", "\\trash", "\\junk", "\\archive"] as const;

/** What people look at first comes first, and what they threw away last. */
const ORDER_BY_USE: Readonly<Record<string, number>> = {
  "\\sent": 1,
  "\\drafts": 2,
  "\\junk": 8,
  "\\trash": 9,
};
const ORDER_OF_INBOX = 0;
const ORDER_OF_OTHERS = 5;

/** Longest part of a name that is given to a target which refused the original. */
const PLAIN_PART_LIMIT = 60;

/** RFC 9051 §5.1: INBOX is the one name that every spelling means. */
export function isInbox(name: FolderName): boolean {
  return name.toUpperCase() === "INBOX";
}

/** Whether a folder can hold messages; the others are levels of the tree only (RFC 9051 §7.3.1). */
export function isSelectable(folder: FolderFacts): boolean {
  return !folder.attributes.includes("\\noselect") && !folder.attributes.includes("\\nonexistent");
}

/** The special use of a folder, in lower case, or `null`. */
export function specialUseOf(folder: FolderFacts): string | null {
  return SPECIAL_USES.find((use) => folder.attributes.includes(use)) ?? null;
}

/** The name under which two spellings of the same folder are found: INBOX in any case is one folder. */
export function folderKey(name: FolderName): string {
  return isInbox(name) ? "INBOX" : name;
}

/**
 * What a listing tells of the hierarchy, for servers without NAMESPACE (RFC 2342): where all folders are called as children of INBOX,
 * that is the prefix and no level of its own (Courier, Cyrus).
 */
export function hierarchyOf(folders: readonly FolderFacts[]): Hierarchy {
  const separator = folders.find((folder) => folder.separator !== null)?.separator ?? null;
  if (separator === null) return { separator, prefix: "" };
  const others = folders.filter((folder) => !isInbox(folder.name));
  const prefix = `INBOX${separator}`;
  const allBelow =
    others.length > 0 && others.every((folder) => folder.name.toUpperCase().startsWith(prefix));
  return { separator, prefix: allBelow ? prefix : "" };
}

/** The folders that can hold messages, in the order in which a person misses them: INBOX, Sent, Drafts, the others, Junk, Trash. */
export function inCopyOrder<Folder extends FolderFacts>(folders: readonly Folder[]): Folder[] {
  return folders
    .filter(isSelectable)
    .map((folder) => ({ folder, order: orderOf(folder) }))
    .sort((a, b) => a.order - b.order || compareNames(a.folder.name, b.folder.name))
    .map(({ folder }) => folder);
}

/** Parents before their children, so that a child can follow its parent's new name. */
export function parentsFirst<Folder extends FolderFacts>(folders: readonly Folder[]): Folder[] {
  const depth = (folder: Folder) =>
    folder.separator === null ? 1 : folder.name.split(folder.separator).length;
  // INBOX takes its name before any folder can claim it; a special use before a folder that only has the name.
  const rank = (folder: Folder) => (isInbox(folder.name) ? 0 : specialUseOf(folder) !== null ? 1 : 2);
  return [...folders].sort(
    (a, b) => rank(a) - rank(b) || depth(a) - depth(b) || compareNames(a.name, b.name),
  );
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
  const inner = name.startsWith(from.prefix) ? name.slice(from.prefix.length) : name;
  const levels = from.separator === null ? [inner] : inner.split(from.separator);
  return to.prefix + levels.map((level) => escapeSeparator(level, to.separator)).join(to.separator ?? "-");
}

/** The last level of a name in the target's spelling, to be put below its parent's target. */
export function translateLeaf(name: FolderName, from: Hierarchy, to: Hierarchy): FolderName {
  const parent = parentOf(name, from);
  const leaf = parent === null ? name.slice(from.prefix.length) : name.slice(parent.length + 1);
  return escapeSeparator(leaf, to.separator);
}

/** What a choice of target names depends on. */
export interface NameChoice {
  readonly source: FolderName;
  /** The name as it should be: `translateName`, or below the parent's target. */
  readonly wanted: FolderName;
  readonly separator: string | null;
  /** Target names that other source folders have already (as `folderKey`). */
  readonly taken: ReadonlySet<string>;
  /** Names that other source folders want: not to be given to a folder that only falls back on them. */
  readonly wantedByOthers: ReadonlySet<string>;
  /** Names that exist on the target. */
  readonly existing: ReadonlySet<string>;
}

/**
 * The target names to try for a source folder, best first: as it should be; with letters, digits and a few signs only, where the target refuses
 * others; with a mark of the source's name behind it; the mark alone. Stable, and never a name that another source folder has.
 */
export function targetNames(choice: NameChoice): FolderName[] {
  const plain = plainName(choice.wanted, choice.separator);
  const mark = markOf(choice.source);
  const isFree = (name: FolderName) => !choice.taken.has(folderKey(name));
  // A plain name that exists already is some other folder of the target; one with our mark can only be ours.
  const mayBePlain =
    !choice.wantedByOthers.has(folderKey(plain)) &&
    (plain === choice.wanted || !choice.existing.has(folderKey(plain)));
  const names = [choice.wanted, ...(mayBePlain ? [plain] : []), `${plain}-${mark}`, `Folder-${mark}`];
  return [...new Set(names)].filter(isFree);
}

function orderOf(folder: FolderFacts): number {
  if (isInbox(folder.name)) return ORDER_OF_INBOX;
  return ORDER_BY_USE[specialUseOf(folder) ?? ""] ?? ORDER_OF_OTHERS;
}

/** By octets: the same on every machine, whatever its locale. */
function compareNames(a: FolderName, b: FolderName): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function escapeSeparator(level: string, separator: string | null): string {
  if (separator === null || separator === "%") return level;
  const code = hexOf(separator);
  // `%` itself only where it would be read as one of ours, so that `100%` stays what it is.
  return level.replaceAll(new RegExp(`%(?=25|${code})`, "g"), "%25").replaceAll(separator, `%${code}`);
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

/** Eight hexadecimal digits that stand for the source's name. */
function markOf(source: FolderName): string {
  return createHash("sha256").update(Buffer.from(source, "latin1")).digest("hex").slice(0, 8);
}

import { compareNames, type FolderFacts, type Hierarchy, isInbox, isSelectable } from "./folder.ts";
import { levelsOf } from "./folder-names.ts";
import { decodeFolderName } from "./folder-text.ts";
import type { FolderName } from "./ledger.ts";
import WORDS from "./special-use-words.json" with { type: "json" };

/** RFC 6154 §2: the uses that one folder of an account can have, beside the collections \All and \Flagged. */
export const SPECIAL_USES = ["\\sent", "\\drafts", "\\trash", "\\junk", "\\archive"] as const;
export type SpecialUse = (typeof SPECIAL_USES)[number];

/** Views of messages that lie elsewhere (RFC 6154 §2, RFC 8457 §3), and no use of a folder. */
const VIEWS = ["\\all", "\\flagged", "\\important"];

const USE_OF_WORD: ReadonlyMap<string, { readonly use: SpecialUse; readonly rank: number }> = wordTable();

/** The folders that have a special use, and which. No use has two folders. */
export type SpecialUses = ReadonlyMap<FolderName, SpecialUse>;

/**
 * Which folder of an account has which special use. What the server says (RFC 6154) counts; of several folders that it says the same use of, the first by name. Where
 * it does not say one, a folder at the top is taken by its name in the word list: the word that stands first there, English ones before all, wins. The
 * others are ordinary folders.
 * @param gmail whether the server is Gmail, whose \All is where archived messages lie
 */
export function specialUses(
  folders: readonly FolderFacts[],
  hierarchy: Hierarchy,
  gmail = false,
): SpecialUses {
  const uses = new Map<FolderName, SpecialUse>();
  const candidates = folders.filter((folder) => isSelectable(folder) && !isInbox(folder.name));
  const byName = candidates.toSorted((a, b) => compareNames(a.name, b.name));
  const byWord = byName
    .filter(({ attributes }) => !isSaid(attributes))
    .map((folder) => wordOf(folder, hierarchy));
  for (const use of SPECIAL_USES) {
    const said =
      byName.find(({ name, attributes }) => attributes.includes(use) && !uses.has(name)) ??
      (gmail && use === "\\archive"
        ? byName.find(({ attributes }) => attributes.includes("\\all"))
        : undefined);
    const named = byWord
      .filter((one) => one?.use === use)
      .toSorted((a, b) => (a?.rank ?? 0) - (b?.rank ?? 0))[0];
    const name = said?.name ?? named?.name;
    if (name !== undefined) uses.set(name, use);
  }
  return uses;
}

/** The use that a level's name stands for in the word list, if it does. Letter case and the way accents are composed do not matter. */
export function useOfName(level: FolderName): SpecialUse | null {
  return USE_OF_WORD.get(folded(decodeFolderName(level)))?.use ?? null;
}

/**
 * Folders of Gmail that only show messages of other folders again. \All is none of them: nothing but it holds what was archived, so it is copied, as Archive.
 */
export function isGmailView({ attributes }: FolderFacts): boolean {
  return attributes.includes("\\flagged") || attributes.includes("\\important");
}

function isSaid(attributes: readonly string[]): boolean {
  return attributes.some((one) => VIEWS.includes(one) || SPECIAL_USES.some((use) => use === one));
}

/** On the last level of a folder at the top, with or without INBOX above it. */
function wordOf(folder: FolderFacts, hierarchy: Hierarchy) {
  const [first = "", second, ...more] = levelsOf(folder.name, hierarchy);
  const isBelowInbox = isInbox(first) && second !== undefined && more.length === 0;
  if (second !== undefined && !isBelowInbox) return null;
  const found = USE_OF_WORD.get(folded(decodeFolderName(second ?? first)));
  return found === undefined ? null : { name: folder.name, ...found };
}

function wordTable() {
  const table = new Map<string, { use: SpecialUse; rank: number }>();
  for (const language of Object.values(WORDS))
    for (const [use, words] of Object.entries(language))
      for (const word of words) {
        const known = table.get(folded(word));
        const named = SPECIAL_USES.find((one) => one === `\\${use}`);
        if (known === undefined && named !== undefined)
          table.set(folded(word), { use: named, rank: table.size });
      }
  return table;
}

function folded(word: string): string {
  return word.normalize("NFC").toLowerCase();
}

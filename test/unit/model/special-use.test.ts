import { describe, expect, test } from "vitest";
import type { FolderFacts } from "../../../src/model/folder.ts";
import { encodeFolderName } from "../../../src/model/folder-text.ts";
import { specialUses } from "../../../src/model/special-use.ts";
import WORDS from "../../../src/model/special-use-words.json" with { type: "json" };

const slash = { separator: "/", prefix: "" };
const courier = { separator: ".", prefix: "INBOX." };

function folder(name: string, ...attributes: string[]): FolderFacts {
  return { name: encodeFolderName(name), separator: "/", attributes };
}

describe("the word list", () => {
  const lists = Object.entries(WORDS) as [string, Record<string, readonly string[]>][];

  test("has the five uses in at least 30 languages", () => {
    expect(lists.length).toBeGreaterThanOrEqual(30);
    for (const [language, uses] of lists) {
      const withWords = Object.keys(uses).filter((use) => uses[use]?.length);
      expect([language, ...withWords]).toEqual([language, "sent", "drafts", "trash", "junk", "archive"]);
    }
  });

  test("has no word under two uses, none twice in a language, and none that a name could not be", () => {
    const useOf = new Map<string, string>();
    const problems: string[] = [];
    for (const [language, uses] of lists) {
      const seen = new Set<string>();
      for (const [use, words] of Object.entries(uses))
        for (const word of words) {
          const key = word.toLowerCase();
          if ((useOf.get(key) ?? use) !== use) problems.push(`${word} is ${use} and ${useOf.get(key)}`);
          if (seen.has(key)) problems.push(`${word} is twice in ${language}`);
          if (word !== word.normalize("NFC").trim() || word === "" || /[/\p{Cc}]/u.test(word))
            problems.push(`${word} is not written as a name`);
          useOf.set(key, use);
          seen.add(key);
        }
    }
    expect(problems).toEqual([]);
  });
});

describe("the special use of a folder", () => {
  const named = (...folders: FolderFacts[]) => Object.fromEntries(specialUses(folders, slash));

  test("is what the server says, whatever the folder is called", () => {
    expect(named(folder("Sent"), folder("x", "\\sent"), folder("Trash", "\\junk"))).toEqual({
      x: "\\sent",
      Trash: "\\junk",
    });
  });

  test("is found by its name where the server does not say it, in any language and case", () => {
    const names = ["Gesendete Elemente", "ПОСЛАТО", "ごみ箱", "posta indesiderata", "Βιβλία", "Entwürfe"];
    const uses = named(
      ...names.slice(0, 1).map((name) => folder(name)),
      ...names.slice(2).map((name) => folder(name)),
    );
    expect(uses).toEqual({
      "Gesendete Elemente": "\\sent",
      [encodeFolderName("ごみ箱")]: "\\trash",
      "posta indesiderata": "\\junk",
      [encodeFolderName("Entwürfe")]: "\\drafts",
    });
    expect(named(folder("ПОСЛАТО"))).toEqual({ [encodeFolderName("ПОСЛАТО")]: "\\sent" });
    expect(named(folder("E\u0301le\u0301ments envoye\u0301s"))).toHaveProperty([
      encodeFolderName("E\u0301le\u0301ments envoye\u0301s"),
    ]);
  });

  test("belongs to one folder: the word that stands first in the list wins, the others are ordinary", () => {
    expect(named(folder("Sent Items"), folder("Gesendet"), folder("Sent"))).toEqual({ Sent: "\\sent" });
    expect(named(folder("Cestino"), folder("Papierkorb"))).toEqual({ Papierkorb: "\\trash" });
    expect(named(folder("b", "\\sent"), folder("a", "\\sent"))).toEqual({ a: "\\sent" });
  });

  test("is found at the top only, with or without INBOX above", () => {
    expect(named(folder("Work/Sent"), folder("INBOX/Drafts"), folder("INBOX/Work/Trash"))).toEqual({
      "INBOX/Drafts": "\\drafts",
    });
    const below = ["INBOX", "INBOX.Sent", "INBOX.Old.Trash"].map((name) => folder(name));
    expect(Object.fromEntries(specialUses(below, courier))).toEqual({ "INBOX.Sent": "\\sent" });
  });

  test("is none of a level without messages, nor of a folder of which the server says another thing", () => {
    expect(named(folder("Sent", "\\noselect"), folder("Archive", "\\all"))).toEqual({});
  });

  test("is Archive for the \\All of Gmail, and of no other server", () => {
    const all = [folder("[Gmail]/All Mail", "\\all"), folder("[Gmail]/Starred", "\\flagged")];
    expect(Object.fromEntries(specialUses(all, slash, true))).toEqual({ "[Gmail]/All Mail": "\\archive" });
    expect(specialUses(all, slash).size).toBe(0);
  });
});

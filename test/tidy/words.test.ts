import { expect, test } from "vitest";
import { ALL_FOLDERS, sourceFiles } from "./files.ts";

interface BannedWord {
  readonly word: RegExp;
  readonly instead: string;
  /** Where it is banned; everywhere where absent. */
  readonly below?: string;
}

const IN_TEXT: readonly BannedWord[] = [
  { word: /\b(?:TODO|FIXME|XXX|HACK)\b/, instead: "do it, or say in a sentence why it is as it is" },
  { word: /\bconsole\./, instead: "the log, or the output of the command", below: "src/" },
  { word: /@ts-(?:ignore|nocheck|expect-error)/, instead: "a type that is true" },
  { word: /\b(?:white|black)-?list/i, instead: "allowed, refused" },
  {
    word: /\b(?:function|class|interface|type) \w*[Mm]ailbox/,
    instead: "account (a person's) or folder (of IMAP)",
    below: "src/",
  },
  {
    word: /\b(?:const|let|function|class|interface|type) \w*(?:[Uu]tils?|[Hh]elpers?|Manager)\b/,
    instead: "a name that says what it does",
  },
  {
    word: /(?:\/work\/|\/tmp\/plan|\/Users\/)/,
    instead: "a path that every machine has, or a temporary folder made by the test",
  },
];

const IN_NAMES =
  /(?:^|[-/])(?:utils?|helpers?|managers?|misc|common|shared|stuff)(?=[-./])|\/(?:index|types)\.ts$/;
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.d)?\.(?:ts|mjs)$/;

// This folder names the banned words itself.
const files = sourceFiles(...ALL_FOLDERS).filter(({ path }) => !path.startsWith("test/tidy/"));

test.each(IN_TEXT)("no file says $word", ({ word, instead, below = "" }) => {
  const places = files
    .filter(({ path }) => path.startsWith(below))
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, at) => (word.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
    );
  expect(places.map((place) => `${place} (use ${instead})`)).toEqual([]);
});

test("file names are in kebab-case and name what is in the file", () => {
  const wrong = files.filter(
    ({ path }) => !KEBAB_CASE.test(path.slice(path.lastIndexOf("/") + 1)) || IN_NAMES.test(path),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

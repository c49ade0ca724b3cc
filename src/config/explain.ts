import type { z } from "zod";
import { editDistance } from "../kit/text.ts";
import type { ConfigDocument } from "./document.ts";
import { pathText, valueAt } from "./paths.ts";
import type { Problem } from "./problem.ts";
import { knownKeys } from "./schema-tree.ts";

type Issue = z.core.$ZodIssue;

/** The schema's complaints in words for the person who wrote the file, with path and line, in the order of the file. */
export function explainIssues(document: ConfigDocument, issues: readonly Issue[]): Problem[] {
  return issues.flatMap((issue) => explain(document, issue));
}

function explain(document: ConfigDocument, issue: Issue): Problem[] {
  const at = (path: readonly PropertyKey[], message: string): Problem => {
    return { path: pathText(path), line: document.lineOf(path), message };
  };
  const value = valueAt(document.raw, issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) =>
        at([...issue.path, key], unknownKey(key, knownKeys(issue.path, document.raw))),
      );
    case "invalid_value":
      return [
        at(
          issue.path,
          value === undefined
            ? `is missing; it must be ${oneOf(issue.values)}`
            : wrongWord(value, issue.values),
        ),
      ];
    case "invalid_union": {
      const words = "options" in issue && Array.isArray(issue.options) ? issue.options : null;
      if (words === null) return [at(issue.path, issue.message)];
      return [
        at(
          issue.path,
          value === undefined ? `is missing; it must be ${oneOf(words)}` : wrongWord(value, words),
        ),
      ];
    }
    case "invalid_type":
      if (value === undefined) return [at(issue.path, "is missing")];
      return [
        at(issue.path, issue.message.startsWith("must") ? issue.message : wrongType(issue.expected, value)),
      ];
    default:
      return [at(issue.path, issue.message)];
  }
}

/** The nearest known key where one is near, else all that there are. A secret in the file gets a word of its own. */
function unknownKey(key: string, known: readonly string[]): string {
  if (known.includes(`${key}File`)) return `this is read from a file: name the file as ${key}File`;
  const near = nearest(key, known);
  return near === null
    ? `unknown key; known here: ${known.join(", ")}`
    : `unknown key; did you mean "${near}"?`;
}

function wrongWord(value: unknown, words: readonly unknown[]): string {
  const near = typeof value === "string" ? nearest(value, words.map(String)) : null;
  return `must be ${oneOf(words)}${near === null ? "" : `; did you mean "${near}"?`}`;
}

function wrongType(expected: string, value: unknown): string {
  if (value === null) return "is empty: write something behind it or remove the line";
  const names: Record<string, string> = {
    object: "a block of keys",
    array: "a list",
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
  };
  return `must be ${names[expected] ?? expected}`;
}

function oneOf(words: readonly unknown[]): string {
  const texts = words.map(String);
  if (texts.length === 1) return texts[0] ?? "";
  return `${texts.slice(0, -1).join(", ")} or ${texts.at(-1)}`;
}

/** The word most like this one, where it is like enough to be a slip of the keyboard or a beginning. */
function nearest(word: string, known: readonly string[]): string | null {
  const lower = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined) return null;
  if (best.distance <= Math.max(1, Math.floor(word.length / 3))) return best.candidate;
  return known.find((candidate) => lower.length >= 3 && candidate.toLowerCase().startsWith(lower)) ?? null;
}

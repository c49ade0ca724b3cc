import { expect, test } from "vitest";
import { EVENTS } from "../../src/log/events.ts";
import { sourceFiles } from "./files.ts";

test("every line that is logged has one of the known event names", () => {
  const known = new Set<string>(EVENTS);
  const unknown = sourceFiles("src").flatMap(({ path, text }) =>
    [...text.matchAll(/\{\s*event: "([^"]+)"/g)]
      .filter(([, name = ""]) => !known.has(name))
      .map(([, name]) => `${path}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test("no line is logged without an event", () => {
  const calls = sourceFiles("src").flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => {
      const call = /\blog\.(?:debug|info|warn|error)\((.*)$/.exec(line);
      if (call === null || path.startsWith("src/log/")) return [];
      // A long call has its fields in the lines below.
      const fields = [call[1], ...lines.slice(at + 1, at + 4)].join(" ");
      return /\bevent\b|\bfields\b/.test(fields) ? [] : [`${path}:${at + 1}: ${line.trim()}`];
    }),
  );
  expect(calls).toEqual([]);
});

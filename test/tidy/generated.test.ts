import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configurationPage, exampleYaml } from "../../tools/generate-configuration.ts";
import { limitsPage } from "../../tools/generate-limits.ts";
import { readCitations, rfcIndex } from "../../tools/generate-rfc-index.ts";
import { TOP } from "./files.ts";

test.each([
  ["config/imbarco.example.yaml", exampleYaml],
  ["docs/configuration.md", configurationPage],
  ["docs/rfc-index.md", rfcIndex],
  ["docs/limits.md", limitsPage],
])("%s is as its generator writes it", (path, generate) => {
  const isFresh = readFileSync(TOP + path, "utf8") === generate();
  expect(isFresh ? "fresh" : `${path} is out of date: npm run generate`).toBe("fresh");
});

test("every RFC is cited in the form of the index: RFC 9051 §6.2.3", () => {
  expect(readCitations().malformed).toEqual([]);
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { ConfigError } from "../../../src/config/problem.ts";

const FOLDER = join(import.meta.dirname, "../../bad-config");

test.each(readdirSync(FOLDER).sort())("%s is refused with the expected words", async (name) => {
  const folder = join(FOLDER, name);
  const error: unknown = await loadConfig(join(folder, "imbarco.yaml")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  const message = (error as ConfigError).message.replaceAll(`${folder}/`, "").replaceAll(folder, ".");
  expect(`${message}\n`).toBe(readFileSync(join(folder, "expected.txt"), "utf8"));
});

test("no message repeats the text that stands where a secret does not belong", async () => {
  const file = join(FOLDER, "06-secret-written-here/imbarco.yaml");
  expect(readFileSync(file, "utf8")).toContain("kanarie-7d1f");
  await expect(loadConfig(file)).rejects.toSatisfy((error: Error) => !error.message.includes("kanarie-7d1f"));
});

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { buildConfig } from "./build.ts";
import type { Config } from "./config.ts";
import { readDocument } from "./document.ts";
import { explainIssues } from "./explain.ts";
import { fileFault, readNamedFiles } from "./files.ts";
import { notYetProblems } from "./not-yet.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { ruleProblems } from "./rules.ts";
import { configSchema, type WrittenConfig } from "./schema.ts";

/** A configuration that is sound, and what is unwise about it. */
export interface LoadedConfig {
  readonly config: Config;
  /** As it stands in the file, from which `rebuildConfig` makes the same. Holds no secret. */
  readonly written: WrittenConfig;
  readonly warnings: readonly Problem[];
}

/** The configuration file to use: the option, else `$IMBARCO_CONFIG`, else the usual place. */
export function configPath(option: string | undefined): string {
  return option ?? (process.env["IMBARCO_CONFIG"] || "/etc/imbarco/imbarco.yaml");
}

/**
 * Reads the configuration and the files that it names. Relative paths start at the folder of the configuration file.
 * @throws {ConfigError} with every fault, its path and line
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const document = readDocument(await readConfigFile(file));
  if (document.problems.length > 0) throw new ConfigError(file, document.problems);
  const folder = dirname(resolve(file));
  const parsed = configSchema.safeParse(document.raw);
  const files = await readNamedFiles(document, folder);
  const problems = [
    ...explainIssues(document, parsed.error?.issues ?? []),
    ...notYetProblems(document),
    ...ruleProblems(document),
    ...files.problems,
  ];
  if (!parsed.success || problems.length > 0)
    throw new ConfigError(
      file,
      problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    );
  const written = parsed.data;
  return { config: buildConfig(resolve(file), written, files), written, warnings: files.warnings };
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const message = `${fileFault(resolve(file), error as NodeJS.ErrnoException)}; name the configuration with --config FILE or $IMBARCO_CONFIG`;
    throw new ConfigError(file, [{ path: "", line: null, message }], { cause: error });
  }
}

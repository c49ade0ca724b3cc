import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const TOP = fileURLToPath(new URL("../../", import.meta.url));

/** One of the repository's own source files. */
export interface SourceFile {
  /** From the top of the repository, such as `src/kit/text.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** The source files below these folders, by path. */
export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) =>
      readdirSync(`${TOP}${folder}`, { recursive: true, encoding: "utf8" }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .sort()
    .map((path) => {
      const text = readFileSync(TOP + path, "utf8");
      return { path, text, lines: text.trimEnd().split("\n") };
    });
}

export const ALL_FOLDERS = ["src", "test", "demo", "bench", "tools"] as const;

// Has Node keep what it makes of the sources, for users who may read that but not write it: `node tools/warm-cache.mjs`, as the user that imbarco runs as.
// Without that every process takes 15 MB more, and longer to start.
import { readdir } from "node:fs/promises";
import { enableCompileCache, flushCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const top = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(top, "src");

// As tools/imbarco.mjs does.
enableCompileCache(join(top, "node_modules", ".cache", "imbarco"));
const commands = (await readdir(join(sources, "cli"))).map((name) => join("cli", name));
// Everything that is loaded when it is needed; the rest comes with it.
const entries = [
  "serve.ts",
  "supervise.ts",
  "work.ts",
  join("serve", "alone.ts"),
  join("admin", "health.ts"),
];
for (const entry of [...commands, ...entries]) await import(pathToFileURL(join(sources, entry)).href);
flushCompileCache();

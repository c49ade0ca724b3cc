import { posix } from "node:path";
import { expect, test } from "vitest";
import { type SourceFile, sourceFiles } from "./files.ts";

/** Which folder of src may import which others; `name (types)` = types only. Node's own modules and npm packages are free. */
const TABLE: Record<string, readonly string[]> = {
  kit: [],
  model: ["kit"],
  log: ["kit"],
  metrics: ["kit"],
  wire: ["kit", "model"],
  relay: ["kit", "model"],
  vault: ["kit", "model"],
  config: ["kit", "model"],
  net: ["kit", "model", "log", "metrics"],
  store: ["kit", "model", "config (types)"],
  queue: ["kit", "model", "config (types)", "store"],
  upstream: ["kit", "model", "wire", "net", "log", "metrics"],
  provision: ["kit", "model", "config (types)", "log"],
  login: ["kit", "model", "log", "metrics", "store", "queue", "vault", "upstream", "provision"],
  copy: ["kit", "model", "log", "metrics", "store", "queue", "vault", "upstream"],
  cutover: ["kit", "model", "log", "metrics", "store", "queue", "vault", "upstream", "copy"],
  process: ["kit", "model", "log", "config (types)", "net"],
  session: ["kit", "model", "wire", "net", "relay", "log", "metrics", "login"],
  admin: ["kit", "model", "log", "metrics", "config", "store", "queue", "cutover", "session/registry.ts"],
};
/** The edges: all but what stands here. */
const ALL_BUT: Record<string, readonly string[]> = {
  cli: ["session", "main.ts"],
  serve: ["cli", "main.ts"],
  "main.ts": [],
  "serve.ts": ["cli", "main.ts"],
  "supervise.ts": ["cli", "main.ts"],
  "work.ts": ["cli", "main.ts"],
};

/** Modules with one home each: outside these places only their types may be imported. */
const HOMES: Record<string, readonly string[]> = {
  "node:sqlite": ["src/store/sqlite/", "src/queue/sqlite.ts"],
  "node:net": ["src/net/"],
  "node:tls": ["src/net/"],
  imapflow: ["src/upstream/imap/"],
  ioredis: ["src/store/redis/"],
  bullmq: ["src/queue/bullmq.ts"],
};

interface Import {
  readonly from: string;
  readonly what: string;
  readonly typesOnly: boolean;
}

const STATEMENT =
  /^(?:import|export)\s+(type\s+)?((?:[\w*$]+,?\s*)?(?:\{[^}]*\}|\* as \w+)?)\s*(?:from\s+)?"([^"]+)"|import\("([^"]+)"\)/gm;

function importsOf(file: SourceFile): Import[] {
  return [...file.text.matchAll(STATEMENT)].map(([, type, names = "", from, dynamic]) => {
    const listed =
      /^\{([^}]*)\}$/
        .exec(names.trim())?.[1]
        ?.split(",")
        .filter((name) => name.trim() !== "") ?? [];
    const allTypes = listed.length > 0 && listed.every((name) => /^\s*type\s/.test(name));
    return { from: file.path, what: from ?? dynamic ?? "", typesOnly: type !== undefined || allTypes };
  });
}

/** `src/store/sqlite/rows.ts` → `store`; `src/main.ts` → `main.ts`. */
function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function targetOf(found: Import): string {
  return posix.join(posix.dirname(found.from), found.what);
}

const files = sourceFiles("src");
const imports = files.flatMap(importsOf);
const inner = imports.filter(({ what }) => what.startsWith(".") && !what.endsWith(".json"));

test("a folder imports only what the table allows", () => {
  const broken = inner.filter((found) => {
    const [from, to] = [folderOf(found.from), folderOf(targetOf(found))];
    if (from === to) return false;
    const forbidden = ALL_BUT[from];
    if (forbidden !== undefined) return forbidden.includes(to);
    const allowed = TABLE[from] ?? [];
    const path = targetOf(found).slice("src/".length);
    return (
      !allowed.includes(to) &&
      !allowed.includes(path) &&
      !(found.typesOnly && allowed.includes(`${to} (types)`))
    );
  });
  expect(broken.map(describeImport)).toEqual([]);
});

test("every folder of src stands in the table", () => {
  const folders = new Set(files.map(({ path }) => folderOf(path)));
  expect([...folders].filter((folder) => !(folder in TABLE) && !(folder in ALL_BUT))).toEqual([]);
});

test("the folders import one another in no circle", () => {
  const edges = new Map<string, Set<string>>();
  for (const found of inner) {
    const to = folderOf(targetOf(found));
    const from = folderOf(found.from);
    if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  }
  const leadsTo = (from: string, goal: string, seen = new Set<string>()): boolean =>
    [...(edges.get(from) ?? [])].some(
      (next) => next === goal || (!seen.has(next) && leadsTo(next, goal, seen.add(next))),
    );
  expect([...edges.keys()].filter((folder) => leadsTo(folder, folder))).toEqual([]);
});

test("modules with a home are used there only", () => {
  const broken = imports.filter((found) => {
    const homes = HOMES[found.what];
    return homes !== undefined && !found.typesOnly && !homes.some((home) => found.from.startsWith(home));
  });
  expect(broken.map(describeImport)).toEqual([]);
});

test("the environment and the arguments are read in three files only", () => {
  const homes = ["src/config/load.ts", "src/main.ts", "src/process/node-settings.ts"];
  const readers = files.filter(({ text }) => /process\.(env|argv)\b/.test(text)).map(({ path }) => path);
  expect(readers.filter((path) => !homes.includes(path))).toEqual([]);
});

test("an import names the file it needs, with its ending", () => {
  expect(
    inner.filter(({ what }) => !what.endsWith(".ts") || what.endsWith("/index.ts")).map(describeImport),
  ).toEqual([]);
});

test("the scanner sees imports at all", () => {
  expect(inner.length).toBeGreaterThan(files.length);
});

function describeImport(found: Import): string {
  return `${found.from} imports ${found.typesOnly ? "types of " : ""}${found.what}`;
}

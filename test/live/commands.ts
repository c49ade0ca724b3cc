import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** imbarco's commands on a folder of their own; no server runs. */
export interface Commands {
  readonly folder: string;
  run(...args: string[]): Promise<Result>;
  /** The same with this on standard input, by a pipe. */
  runWith(input: string | Buffer, ...args: string[]): Promise<Result>;
  /** With `--json`, whatever the exit status. */
  json<T>(...args: string[]): Promise<T>;
  /** Writes a file and gives its path. */
  file(name: string, content: string): Promise<string>;
  openStore(): ReturnType<typeof sqliteStore>;
}

/** A configuration without servers in this folder, and the commands that use it. */
export async function commandsIn(folder: string): Promise<Commands> {
  const config = join(folder, "imbarco.yaml");
  await writeFile(join(folder, "passwd"), "");
  await writeFile(
    config,
    JSON.stringify({
      hostname: "imbarco.test",
      dataDir: join(folder, "data"),
      keyFile: join(folder, "master.key"),
      roles: ["copier"],
      target: {
        imap: { host: "127.0.0.1", port: 10143, tls: "none" },
        login: { as: "user" },
        provision: { kind: "passwd-file", path: join(folder, "passwd") },
      },
    }),
  );
  const run = async (...args: string[]): Promise<Result> => {
    const child = spawn(process.execPath, [MAIN, "--config", config, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return await endOf(child);
  };
  return {
    folder,
    run,
    runWith: async (input, ...args) => {
      const child = spawn(process.execPath, [MAIN, "--config", config, ...args], { stdio: "pipe" });
      child.stdin.end(input);
      return await endOf(child);
    },
    json: async <T>(...args: string[]) => JSON.parse((await run(...args, "--json")).stdout) as T,
    file: async (name, content) => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    },
    openStore: () => sqliteStore(openDatabase(join(folder, "data/imbarco.db"))),
  };
}

async function endOf(child: ChildProcessByStdio<Writable | null, Readable, Readable>): Promise<Result> {
  const closed = once(child, "close") as Promise<[number | null]>;
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr };
}

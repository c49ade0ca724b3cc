import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { MAIL_UID, runsAsRoot } from "./dovecot-config.ts";
import { greets } from "./greeting.ts";
import { processTree } from "./processes.ts";
import { makeTempFolder, removeTempFolder } from "./temp-folder.ts";
import { waitFor } from "./wait-for.ts";

/** A real server of another kind than Dovecot that a test copies from, on loopback and without TLS. */
export interface OtherSource {
  readonly imapPort: number;
  /** All of its files. */
  readonly folder: string;
  endpoint(): Endpoint;
  /** Sets the password of an account, which is created where needed. */
  setPassword(user: string, password: string): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** All that it said so far. */
  log(): Promise<string>;
}

/** Where tools/other-sources.mjs puts the unpacked Debian packages. */
const UNPACKED = resolve(import.meta.dirname, "../../node_modules/.cache/other-sources");

/** Both servers refuse to work as root: what `$as_daemon` stands before runs as a user that need not exist elsewhere. */
const AS_DAEMON = runsAsRoot()
  ? `setpriv --reuid=${MAIL_UID} --regid=${MAIL_UID} --clear-groups`
  : `unshare --user --map-user=${MAIL_UID} --map-group=${MAIL_UID}`;

/**
 * Shows the rest of the script a machine on which the server is installed: its files and its configuration are laid over those of
 * the machine, for these processes only. `$folder` is the server's own.
 */
const ENTER = `
set -eu
folder=$1
as_daemon='${AS_DAEMON}'
mount --bind "$2" "$folder/server"
mount -t overlay overlay -o "ro,lowerdir=$folder/server/usr:/usr" /usr
mount -t overlay overlay -o "ro,lowerdir=$folder/etc:$folder/server/etc:/etc" /etc
mount --bind "$folder/run" /run
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
`;

/** How long it may take to say that it is there. */
const START_LIMIT_MS = 20_000;

/** A machine of its own for one server: files and processes that end together. */
export interface PrivateMachine {
  readonly folder: string;
  /** Writes a file below the folder, with the folders above it. */
  write(path: string, text: string): Promise<void>;
  /** A folder below it that the daemons may write to. */
  makeWritable(path: string): Promise<void>;
  /** Runs a shell script inside to its end, with `input` on its standard input; `$as_daemon command` runs as the server's user. */
  run(script: string, input: string): Promise<void>;
  /** Starts a shell script inside that runs the server in the foreground; returns when something greets at the port. */
  start(script: string, port: number): Promise<void>;
  /** Ends all processes and removes the folder. */
  stop(): Promise<void>;
  log(): Promise<string>;
}

/**
 * Lays out a private machine for a server from Debian packages.
 * @param daemonName as what user the server wants to run
 * @throws when the packages were not unpacked
 */
export async function makePrivateMachine(
  server: "cyrus" | "courier",
  daemonName: string,
): Promise<PrivateMachine> {
  const unpacked = join(UNPACKED, server);
  if (!existsSync(unpacked))
    throw new Error(`${server} is not unpacked in ${unpacked}: "npm test" does that, and says why it cannot`);
  const machine = new Machine(await makeTempFolder(server), unpacked);
  for (const name of ["server", "run"]) await mkdir(join(machine.folder, name));
  const rows = {
    passwd: `${daemonName}:x:${MAIL_UID}:${MAIL_UID}::/:/bin/false`,
    group: `${daemonName}:x:${MAIL_UID}:`,
  };
  for (const [name, row] of Object.entries(rows))
    await machine.write(`etc/${name}`, `${(await readFile(`/etc/${name}`, "utf8")).trimEnd()}\n${row}\n`);
  return machine;
}

/** Roots of process trees that run; ended when this process ends without having stopped them. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

class Machine implements PrivateMachine {
  readonly folder: string;
  readonly #unpacked: string;
  #server: ChildProcess | null = null;

  constructor(folder: string, unpacked: string) {
    this.folder = folder;
    this.#unpacked = unpacked;
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, text);
  }

  async makeWritable(path: string): Promise<void> {
    const folder = join(this.folder, path);
    await mkdir(folder, { recursive: true });
    if (runsAsRoot()) await chown(folder, MAIL_UID, MAIL_UID);
  }

  async run(script: string, input: string): Promise<void> {
    const [program, ...words] = this.#command(`${ENTER}\n${script}`);
    await new Promise<void>((done, failed) => {
      const child = execFile(program, words, { timeout: START_LIMIT_MS }, (error, _stdout, stderr) =>
        error ? failed(new Error(`a command inside ended badly: ${stderr}`)) : done(),
      );
      child.stdin?.end(input);
    });
  }

  async start(script: string, port: number): Promise<void> {
    // The shell stays as the first process of its namespace: when it is killed, all others are.
    const [program, ...words] = this.#command(`${ENTER}\n(\n${script}\n) & wait`);
    const server = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    this.#server = server;
    running.add(server);
    for (const stream of [server.stdout, server.stderr])
      stream.on("data", (piece: Buffer) => void appendFile(this.#logFile, piece));
    const hasEnded = () => server.exitCode !== null || server.signalCode !== null;
    await waitFor(async () => hasEnded() || (await greets(port)), "the greeting of the source", {
      limitMs: START_LIMIT_MS,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}; the server said:\n${await this.log()}`);
    });
    if (hasEnded()) throw new Error(`the server ended at once:\n${await this.log()}`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server?.pid !== undefined) {
      const tree = await processTree(server.pid);
      server.kill("SIGKILL");
      await waitFor(() => tree.every((pid) => !existsSync(`/proc/${pid}`)), "the end of the source");
      running.delete(server);
    }
    await removeTempFolder(this.folder);
  }

  async log(): Promise<string> {
    return existsSync(this.#logFile) ? readFile(this.#logFile, "utf8") : "";
  }

  get #logFile(): string {
    return join(this.folder, "log");
  }

  /** In namespaces of its own for mounts and processes, which die with us however we end. */
  #command(script: string): [string, ...string[]] {
    return [
      "setpriv",
      "--pdeathsig=KILL",
      "unshare",
      ...(runsAsRoot() ? [] : ["--user", "--map-root-user"]),
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-c",
      script,
      "sh",
      this.folder,
      this.#unpacked,
    ];
  }
}

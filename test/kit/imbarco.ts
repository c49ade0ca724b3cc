import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { ProtocolName } from "../../src/model/protocol.ts";
import { filesWithCanary, hasCanary, processesWithCanary } from "./canary.ts";
import { makeCertificates } from "./certs.ts";
import type { Dovecot } from "./dovecot.ts";
import { freePort } from "./free-port.ts";
import { accepts, greets } from "./greeting.ts";
import type { ImapPlace } from "./imap-client.ts";
import { endTree, processTree } from "./processes.ts";
import { makeTempFolder, removeTempFolder } from "./temp-folder.ts";
import { waitFor } from "./wait-for.ts";

const MAIN = join(import.meta.dirname, "../../tools/imbarco.mjs");

/** What imbarco can speak beside IMAP. */
export type DoorProtocol = Exclude<ProtocolName, "imap">;

/** Ports of a door: in clear with STARTTLS, and with TLS from the first byte. */
interface DoorPorts {
  readonly starttls: number;
  readonly implicit: number;
}

export interface ImbarcoOptions {
  readonly target: Dovecot;
  /** The target's master user; without one imbarco logs in there as the user. */
  readonly master?: {
    readonly user: string;
    readonly password: string;
    readonly form?: "authzid" | "separator";
  };
  /** Protection of imbarco's connection to the target; default STARTTLS. */
  readonly targetTls?: "starttls" | "implicit" | "none";
  /** What is spoken beside IMAP, and the target's server of it. */
  readonly doors?: Partial<Readonly<Record<DoorProtocol, Endpoint>>>;
  /** Keys of the configuration to put in place of the usual ones, at its top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Whether `serve` starts at once; default true. */
  readonly start?: boolean;
}

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LogLine {
  readonly level: string | number;
  readonly event?: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

interface Places {
  readonly folder: string;
  readonly secretFolder: string;
  readonly configFile: string;
  readonly caFile: string;
  readonly ca: string;
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly adminPort: number;
  readonly doors: ReadonlyMap<string, DoorPorts>;
}

async function layOut(options: ImbarcoOptions): Promise<Places> {
  const folder = await makeTempFolder("im");
  const secretFolder = join(folder, "secrets");
  await mkdir(secretFolder, { mode: 0o700 });
  const certificates = await makeCertificates(folder);
  const ports = { imapPort: await freePort(), imapsPort: await freePort(), adminPort: await freePort() };
  const doors = new Map<string, DoorPorts>();
  for (const protocol of Object.keys(options.doors ?? {}))
    doors.set(protocol, { starttls: await freePort(), implicit: await freePort() });
  const masterFile = join(secretFolder, "target-master");
  if (options.master) await writeFile(masterFile, `${options.master.password}\n`, { mode: 0o600 });
  const config = {
    hostname: "imbarco.test",
    dataDir: join(folder, "data"),
    keyFile: join(folder, "master.key"),
    tls: { certFile: certificates.certFile, keyFile: certificates.keyFile },
    listeners: [
      { protocol: "imap", listen: `127.0.0.1:${ports.imapPort}`, tls: "starttls" },
      { protocol: "imap", listen: `127.0.0.1:${ports.imapsPort}`, tls: "implicit" },
      ...[...doors].flatMap(([protocol, { starttls, implicit }]) => [
        { protocol, listen: `127.0.0.1:${starttls}`, tls: "starttls" },
        { protocol, listen: `127.0.0.1:${implicit}`, tls: "implicit" },
      ]),
    ],
    target: targetConfig(options, masterFile),
    copy: { syncInterval: "1s" },
    admin: { listen: `127.0.0.1:${ports.adminPort}` },
    log: { level: "debug" },
    drain: "1s",
    processes: 1,
    ...options.config,
  };
  const configFile = join(folder, "imbarco.yaml");
  await writeFile(configFile, stringify(config));
  await chmod(certificates.keyFile, 0o600);
  const { ca, caFile } = certificates;
  return { folder, secretFolder, configFile, ca, caFile, doors, ...ports };
}

function targetConfig(options: ImbarcoOptions, masterFile: string): Record<string, unknown> {
  const { target, master } = options;
  const server = ({ host, port, tls }: Endpoint) => ({
    host,
    port,
    tls,
    ...(tls === "none" ? {} : { caFile: target.caFile }),
  });
  const doors = Object.entries(options.doors ?? {}).map(([protocol, endpoint]) => [
    protocol,
    server(endpoint),
  ]);
  return {
    imap: server(target.endpoint(options.targetTls)),
    ...Object.fromEntries(doors),
    login: master
      ? { as: "master", user: master.user, passwordFile: masterFile, form: master.form ?? "authzid" }
      : { as: "user" },
    provision: { kind: "passwd-file", path: target.passwdFile },
  };
}

/** Lays out a folder and (by default) starts `imbarco serve` in it. */
export async function startImbarco(options: ImbarcoOptions): Promise<ImbarcoProcess> {
  const running = new ImbarcoProcess(await layOut(options));
  if (options.start ?? true) {
    try {
      await running.start();
    } catch (error) {
      await running.discard();
      throw error;
    }
  }
  return running;
}

/** imbarco as people run it: child processes with a configuration file and a data folder of their own. */
export class ImbarcoProcess {
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly adminPort: number;
  readonly #doors: ReadonlyMap<string, DoorPorts>;
  /** PEM text of the authority that signed imbarco's certificate, and its file. */
  readonly ca: string;
  readonly caFile: string;
  /** Configuration, key, database: all that imbarco keeps. */
  readonly folder: string;
  readonly configFile: string;
  /** Files with passwords, which the canary search leaves out. */
  readonly #secretFolder: string;
  #serve: ChildProcess | null = null;
  #log = "";
  readonly #leaks: string[] = [];

  constructor(places: Places) {
    this.imapPort = places.imapPort;
    this.imapsPort = places.imapsPort;
    this.adminPort = places.adminPort;
    this.#doors = places.doors;
    this.ca = places.ca;
    this.caFile = places.caFile;
    this.folder = places.folder;
    this.configFile = places.configFile;
    this.#secretFolder = places.secretFolder;
  }

  /** The id of the running `serve`. */
  get pid(): number | undefined {
    return this.#serve?.pid;
  }

  /** Where mail programs connect. */
  place(tls: "starttls" | "implicit" = "starttls"): ImapPlace {
    const port = tls === "implicit" ? this.imapsPort : this.imapPort;
    return { host: "127.0.0.1", port, tls, ca: this.ca };
  }

  /** Where programs connect that speak something else. */
  door(protocol: DoorProtocol, tls: "starttls" | "implicit" = "starttls"): ImapPlace {
    const ports = this.#doors.get(protocol);
    if (ports === undefined) throw new Error(`imbarco was started without a door for ${protocol}`);
    return { host: "127.0.0.1", port: ports[tls], tls, ca: this.ca };
  }

  /** Starts `serve` and waits until both listeners accept and one of them greets. */
  async start(program = MAIN): Promise<void> {
    const args = [program, "serve", "--config", this.configFile];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#serve = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const isReady = async () => (await accepts(this.imapsPort)) && (await greets(this.imapPort));
    await waitFor(async () => hasEnded() || (await isReady()), "imbarco's greeting");
    if (hasEnded())
      throw new Error(`imbarco serve ended at once with status ${child.exitCode}:\n${this.#log}`);
  }

  /** Runs one command with `--config`, `stdin` as its input, and waits for its end. */
  async cli(args: readonly string[], stdin: string | Buffer = ""): Promise<CliResult> {
    if (args.some(hasCanary)) throw new Error("a test put a password on a command line");
    const child = spawn(process.execPath, [MAIN, ...args, "--config", this.configFile], { stdio: "pipe" });
    child.stdin.on("error", () => child.stdin.destroy()); // a command that does not read its input
    child.stdin.end(stdin);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    if (hasCanary(stdout + stderr)) this.#leaks.push(`the output of imbarco ${args.join(" ")}`);
    return { status, stdout, stderr };
  }

  /** As `cli` with `--json`, for a command that must succeed: its result. */
  async json<T = unknown>(args: readonly string[], stdin?: string | Buffer): Promise<T> {
    const { status, stdout, stderr } = await this.cli([...args, "--json"], stdin);
    if (status !== 0) throw new Error(`imbarco ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Ends `serve` at once, as a power cut would. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends `serve` by SIGTERM and waits; gives its exit status. */
  async terminate(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  async restart(): Promise<void> {
    await this.terminate();
    await this.start();
  }

  /** What `serve` has logged so far, over all its starts. */
  logLines(): LogLine[] {
    const lines = this.#log.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** All that `serve` has written so far. */
  logText(): string {
    return this.#log;
  }

  /**
   * Ends everything and removes the folder.
   * @throws when a password was left in a log, a file or a process list
   */
  async stop(): Promise<void> {
    try {
      if (this.pid !== undefined && (await processesWithCanary(await processTree(this.pid))).length > 0)
        this.#leaks.push("the process list");
      await this.terminate();
      if (hasCanary(this.#log)) this.#leaks.push("the log");
      this.#leaks.push(...(await filesWithCanary(this.folder, [this.#secretFolder])));
    } finally {
      await this.discard();
    }
    if (this.#leaks.length > 0) throw new Error(`a password was left in clear in: ${this.#leaks.join(", ")}`);
  }

  /** Ends everything and removes the folder, without looking at it. */
  async discard(): Promise<void> {
    if (this.pid !== undefined) await endTree(this.pid);
    this.#serve = null;
    await removeTempFolder(this.folder);
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const child = this.#serve;
    this.#serve = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const closed = once(child, "close") as Promise<[number | null]>;
    child.kill(signal);
    const [status] = await closed;
    return status;
  }
}

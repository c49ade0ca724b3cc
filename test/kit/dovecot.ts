import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Endpoint, TlsMode } from "../../src/model/endpoint.ts";
import { makeCertificates } from "./certs.ts";
import { type DovecotOptions, type DovecotPlaces, MAIL_UID, runsAsRoot } from "./dovecot-config.ts";
import { dovecotConfig23 } from "./dovecot-config-23.ts";
import { dovecotConfig24 } from "./dovecot-config-24.ts";
import { freePort } from "./free-port.ts";
import { greets } from "./greeting.ts";
import { endTree, processTree, signalAll } from "./processes.ts";
import { makeTempFolder, removeTempFolder } from "./temp-folder.ts";
import { waitFor } from "./wait-for.ts";

export type { DovecotOptions } from "./dovecot-config.ts";

/** A real Dovecot with its own configuration, users and mail, on loopback. */
export interface Dovecot {
  readonly host: "127.0.0.1";
  /** Clear, and STARTTLS unless `tls` is false. */
  readonly imapPort: number;
  /** TLS from the first byte. */
  readonly imapsPort: number;
  readonly passwdFile: string;
  readonly caFile: string;
  /** PEM text of `caFile`. */
  readonly ca: string;
  /** All of its files; the mail of an account is below `mail/ADDRESS`. */
  readonly folder: string;
  /** How to connect to it; default STARTTLS. */
  endpoint(tls?: TlsMode): Endpoint;
  /** The same of its POP3 server. */
  pop3Endpoint(tls?: TlsMode): Endpoint;
  /** The same of its submission server. */
  submissionEndpoint(tls?: TlsMode): Endpoint;
  /** The same of its ManageSieve server. */
  sieveEndpoint(tls?: TlsMode): Endpoint;
  /** Sets the password of an account, which is created where needed. */
  setPassword(user: string, password: string): Promise<void>;
  /** Stops all its processes where they stand: connections are taken, nobody answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it and its connections; its mail and ports stay for `start`. */
  halt(): Promise<void>;
  /** Starts again after `halt`, on the same ports. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** All that it wrote into its log so far. */
  log(): Promise<string>;
}

/** Starts a Dovecot and returns when it greets. */
export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  const places = await layOut(options);
  const daemon = new Daemon(options, places);
  try {
    await daemon.start();
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return dovecotOf(daemon, places);
}

function dovecotOf(daemon: Daemon, places: DovecotPlaces): Dovecot {
  const { imapPort, imapsPort, pop3Ports, submissionPorts, sievePorts } = places;
  const { passwdFile, folder, certificates } = places;
  return {
    host: "127.0.0.1",
    imapPort,
    imapsPort,
    passwdFile,
    folder,
    caFile: certificates.caFile,
    ca: certificates.ca,
    endpoint: (tls = "starttls") => ({
      host: "127.0.0.1",
      port: tls === "implicit" ? imapsPort : imapPort,
      tls,
      ca: certificates.ca,
      verify: true,
    }),
    pop3Endpoint: (tls = "starttls") => ({
      host: "127.0.0.1",
      port: tls === "implicit" ? pop3Ports.implicit : pop3Ports.clear,
      tls,
      ca: certificates.ca,
      verify: true,
    }),
    submissionEndpoint: (tls = "starttls") => ({
      host: "127.0.0.1",
      port: tls === "implicit" ? submissionPorts.implicit : submissionPorts.clear,
      tls,
      ca: certificates.ca,
      verify: true,
    }),
    sieveEndpoint: (tls = "starttls") => ({
      host: "127.0.0.1",
      port: tls === "implicit" ? sievePorts.implicit : sievePorts.clear,
      tls,
      ca: certificates.ca,
      verify: true,
    }),
    setPassword: (user, password) => setPasswordIn(passwdFile, user, password),
    pause: () => daemon.signal("SIGSTOP"),
    resume: () => daemon.signal("SIGCONT"),
    halt: () => daemon.halt(),
    start: () => daemon.start(),
    stop: () => daemon.stop(),
    log: () => daemon.log(),
  };
}

/** The folder with everything in it that Dovecot needs before it starts. */
async function layOut(options: DovecotOptions): Promise<DovecotPlaces> {
  const folder = await makeTempFolder("dc");
  const places: DovecotPlaces = {
    folder,
    imapPort: await freePort(),
    imapsPort: await freePort(),
    pop3Ports: { clear: await freePort(), implicit: await freePort() },
    submissionPorts: { clear: await freePort(), implicit: await freePort() },
    sievePorts: { clear: await freePort(), implicit: await freePort() },
    passwdFile: options.passwdFile ?? join(folder, "passwd"),
    masterFile: join(folder, "master-users"),
    configFile: join(folder, "dovecot.conf"),
    logFile: join(folder, "dovecot.log"),
    certificates: await makeCertificates(folder),
  };
  await mkdir(join(folder, "mail"));
  if (runsAsRoot()) await chown(join(folder, "mail"), MAIL_UID, MAIL_UID);
  if (!existsSync(places.passwdFile)) await writeForAuth(places.passwdFile, "");
  for (const [user, password] of Object.entries(options.users ?? {}))
    await setPasswordIn(places.passwdFile, user, password);
  const master = options.masterUser;
  if (master) await writeForAuth(places.masterFile, `${master.user}:{PLAIN}${master.password}\n`);
  return places;
}

/** Writes a file that Dovecot's authentication process can read, at once or not at all. */
async function writeForAuth(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, text, { mode: 0o640 });
  if (runsAsRoot()) {
    await chown(fresh, 0, await groupIdOf("dovecot"));
    await chmod(fresh, 0o640);
  }
  await rename(fresh, file);
}

async function setPasswordIn(file: string, user: string, password: string): Promise<void> {
  const rows = existsSync(file) ? (await readFile(file, "utf8")).split("\n") : [];
  const others = rows.filter((row) => row !== "" && !row.startsWith(`${user}:`));
  // In base64, since a colon in a password would end the field.
  const encoded = Buffer.from(password).toString("base64");
  await writeForAuth(file, [...others, `${user}:{PLAIN.b64}${encoded}::::::`, ""].join("\n"));
}

async function groupIdOf(name: string): Promise<number> {
  const row = (await readFile("/etc/group", "utf8")).split("\n").find((row) => row.startsWith(`${name}:`));
  if (row === undefined) throw new Error(`there is no group "${name}": is Debian's dovecot-core installed?`);
  return Number(row.split(":")[2]);
}

/** Masters that run; ended when this process ends without having stopped them. */
const running = new Set<number>();
process.on("exit", () => signalAll([...running], "SIGTERM"));

/** The processes of one Dovecot. */
class Daemon {
  readonly #options: DovecotOptions;
  readonly #places: DovecotPlaces;
  #master: ChildProcess | null = null;
  #complaints = "";

  constructor(options: DovecotOptions, places: DovecotPlaces) {
    this.#options = options;
    this.#places = places;
  }

  async start(): Promise<void> {
    const program = dovecotProgram();
    const version = await versionOf(program);
    await writeFile(this.#places.configFile, configFor(version)(this.#options, this.#places));
    const master = spawn(program, ["-F", "-c", this.#places.configFile], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#master = master;
    if (master.pid !== undefined) running.add(master.pid);
    for (const stream of [master.stdout, master.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#complaints += text;
      });
    const hasEnded = () => master.exitCode !== null || master.signalCode !== null;
    await waitFor(async () => hasEnded() || (await greets(this.#places.imapPort)), "Dovecot's greeting");
    if (hasEnded())
      throw new Error(`Dovecot ended at once with status ${master.exitCode}:\n${await this.log()}`);
  }

  async signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    if (this.#master?.pid !== undefined) signalAll(await processTree(this.#master.pid), signal);
  }

  async halt(): Promise<void> {
    const pid = this.#master?.pid;
    this.#master = null;
    if (pid === undefined) return;
    signalAll(await processTree(pid), "SIGCONT"); // a paused process would not hear of its end
    await endTree(pid);
    running.delete(pid);
  }

  async stop(): Promise<void> {
    await this.halt();
    await removeTempFolder(this.#places.folder);
  }

  async log(): Promise<string> {
    const { logFile } = this.#places;
    return this.#complaints + (existsSync(logFile) ? await readFile(logFile, "utf8") : "");
  }
}

function dovecotProgram(): string {
  const found = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].find(existsSync);
  if (!found) throw new Error("there is no Dovecot on this machine: apt-get install dovecot-imapd");
  return found;
}

/** The two languages of its configuration have little in common. */
function configFor(version: string): (options: DovecotOptions, places: DovecotPlaces) => string {
  if (version.startsWith("2.3.")) return dovecotConfig23;
  if (version.startsWith("2.4.")) return dovecotConfig24;
  throw new Error(`Dovecot ${version} is installed: the tests know how to configure 2.3 and 2.4 only`);
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  return stdout.trim();
}

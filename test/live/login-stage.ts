import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/kit/clock.ts";
import { Secret } from "../../src/kit/secret.ts";
import { createLog } from "../../src/log/log.ts";
import type { LoginLimits } from "../../src/login/limits.ts";
import { createLogin, type LoginDeps, type LoginRequest } from "../../src/login/login.ts";
import { DEFAULT_FOLDER_POLICIES } from "../../src/model/domain.ts";
import { Failure } from "../../src/model/failure.ts";
import type { TargetLogin } from "../../src/model/target-login.ts";
import { passwdFileProvisioner } from "../../src/provision/passwd-file.ts";
import type { Queue } from "../../src/queue/queue.ts";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { openVault } from "../../src/vault/vault.ts";
import { CANARY, hasCanary } from "../kit/canary.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { ImapClient } from "../kit/imap-client.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { waitFor } from "../kit/wait-for.ts";

export const MASTER = { user: "imbarco", password: `meister ${CANARY}` };

/** How an attempt to log in ended: `ok`, or the kind of the failure. */
export type Ending = "ok" | Failure["kind"];

/** The login recipe by itself, in this process, between two real Dovecots; nothing copies. One domain, `a.it`. */
export interface LoginStage {
  readonly source: Dovecot;
  readonly target: Dovecot;
  readonly store: Store;
  readonly queue: Queue;
  readonly deps: LoginDeps;
  /** Addresses that were put into the queue. */
  readonly enqueued: string[];
  /** Makes an account; where a password is given also at the source, which knows it when this is done. */
  account(address: string, sourcePassword?: string): Promise<void>;
  /** Logs in by a process that has just begun, unless another `by` is given. */
  tryLogin(user: string, password: string, by?: ReturnType<typeof createLogin>): Promise<Ending>;
  /** Another process: it remembers nothing of the others. */
  process(changes?: Partial<LoginDeps>, limits?: Partial<LoginLimits>): ReturnType<typeof createLogin>;
  /** How often somebody has got in at the source. */
  sourceLogins(address: string): Promise<number>;
  /** Whether the target itself lets the user in. */
  targetOpens(address: string, password: string): Promise<boolean>;
  /** The account's row at the target. */
  targetRow(address: string): Promise<string | undefined>;
  events(name: string, address: string): number;
  stop(): Promise<void>;
}

/** Where the stage's clients come from; the socket has it in the form of IPv6. */
export const CLIENT_ADDRESS = "192.0.2.7";

/** Somebody who logs in at the source by himself, to leave a mark in its log. */
const MARK = "mark@a.it";
const MARK_PASSWORD = "a mark in the log";

/** A refusal of a name that nobody has takes this long at first: tests need not wait two seconds. */
export const FIRST_REFUSAL_MS = 120;

export async function startLoginStage(form: "user" | "authzid" | "separator"): Promise<LoginStage> {
  const [source, target, folder] = await Promise.all([
    startDovecot({ users: { [MARK]: MARK_PASSWORD } }),
    startDovecot({ masterUser: MASTER, config: "login_trusted_networks = 127.0.0.0/8" }),
    makeTempFolder("login"),
  ]);
  const lines: string[] = [];
  let marks = 0;
  const database = openDatabase(":memory:");
  const enqueued: string[] = [];
  const log = createLog({ level: "debug", stream: { write: (line: string) => void lines.push(line) } });
  const deps: LoginDeps = {
    store: sqliteStore(database),
    queue: sqliteQueue(database),
    vault: await openVault(join(folder, "master.key")),
    provisioner: passwdFileProvisioner(target.passwdFile, log),
    target: { imap: target.endpoint(), login: targetLogin(form) },
    clock: systemClock,
    log,
    onEnqueued: (address) => enqueued.push(address),
  };
  await deps.store.domains.add({
    name: "a.it",
    state: "migrating",
    source: source.endpoint(),
    login: "address",
    cutover: { mx: [], txt: [] },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt: new Date().toISOString(),
    finalizedAt: null,
  });
  const process = (changes: Partial<LoginDeps> = {}, limits: Partial<LoginLimits> = {}) =>
    createLogin({ ...deps, ...changes }, { firstRefusalMs: FIRST_REFUSAL_MS, ...limits });
  return {
    source,
    target,
    store: deps.store,
    queue: deps.queue,
    deps,
    enqueued,
    process,
    account: async (address, sourcePassword) => {
      const known = { address, domain: "a.it", sourceLogin: null, name: null, quota: null };
      await deps.store.accounts.addMany([known], new Date().toISOString());
      await deps.provisioner.ensure({ address, verifier: null, name: null, quota: null });
      if (sourcePassword !== undefined) await setPassword(source, address, sourcePassword);
    },
    tryLogin: (user, password, by = process()) => endingOf(by, requestOf(user, password)),
    sourceLogins: async (address) => {
      // What is asked for now may stand in the log a moment later: what was before this login stands before it there.
      marks += 1;
      await opens(source, MARK, MARK_PASSWORD);
      return waitFor(async () => {
        const log = await source.log();
        return timesIn(log, loginOf(MARK)) >= marks ? { times: timesIn(log, loginOf(address)) } : undefined;
      }, "the source's log").then(({ times }) => times);
    },
    targetOpens: (address, password) => opens(target, address, password),
    targetRow: async (address) =>
      (await readFile(target.passwdFile, "utf8")).split("\n").find((row) => row.startsWith(`${address}:`)),
    events: (name, address) =>
      lines.filter((line) => line.includes(`"event":"${name}"`) && line.includes(`"account":"${address}"`))
        .length,
    stop: async () => {
      await Promise.all([source.stop(), target.stop(), deps.store.close(), removeTempFolder(folder)]);
      if (lines.some((line) => hasCanary(line))) throw new Error("a password stands in the log");
    },
  };
}

/** Sets a password and waits until the server goes by it, which looks at its file once a second. */
export async function setPassword(server: Dovecot, address: string, password: string): Promise<void> {
  await server.setPassword(address, password);
  await waitFor(() => opens(server, address, password), `${address} to have its new password`);
}

export function requestOf(user: string, password: string): LoginRequest {
  return {
    protocol: "imap",
    user: Buffer.from(user),
    password: new Secret(Buffer.from(password)),
    authzid: null,
    client: { address: `::ffff:${CLIENT_ADDRESS}`, port: 4711, tls: true },
    session: "stage",
  };
}

async function endingOf(login: ReturnType<typeof createLogin>, request: LoginRequest): Promise<Ending> {
  try {
    const grant = await login(request, new AbortController().signal);
    grant.target.close();
    return "ok";
  } catch (error) {
    if (error instanceof Failure) return error.kind;
    throw error;
  }
}

function targetLogin(form: "user" | "authzid" | "separator"): TargetLogin {
  if (form === "user") return { as: "user" };
  return {
    as: "master",
    user: MASTER.user,
    password: new Secret(Buffer.from(MASTER.password)),
    form,
    separator: "*",
  };
}

async function opens(server: Dovecot, address: string, password: string): Promise<boolean> {
  const client = await ImapClient.connect({ ...server.endpoint("starttls") });
  try {
    return (await client.logIn(address, password)).status === "OK";
  } finally {
    client.close();
  }
}

function loginOf(address: string): string {
  return `Login: user=<${address}>`;
}

function timesIn(log: string, words: string): number {
  return log.split(words).length - 1;
}

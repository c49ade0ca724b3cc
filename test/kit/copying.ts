import { join } from "node:path";
import type { CopyDeps, JobOutcome } from "../../src/copy/deps.ts";
import { createGovernor } from "../../src/copy/governor/governor.ts";
import { copyNow } from "../../src/copy/now.ts";
import { workerOwner } from "../../src/copy/owner.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { Secret } from "../../src/kit/secret.ts";
import { createLog, type Log } from "../../src/log/log.ts";
import type { Account } from "../../src/model/account.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../src/model/domain.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { LedgerFolder } from "../../src/model/ledger.ts";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { sourceSealContext } from "../../src/vault/seal-context.ts";
import { openVault } from "../../src/vault/vault.ts";
import { CANARY } from "./canary.ts";
import { type Dovecot, type DovecotOptions, startDovecot } from "./dovecot.ts";
import { expectOk, type ImapClient } from "./imap-client.ts";
import { differences, openMailbox, type Renamed, readMailbox, type StoredMailbox } from "./mailbox.ts";
import { makeTempFolder, removeTempFolder } from "./temp-folder.ts";

export const PASSWORD = `copy-${CANARY}`;
const DOMAIN = "example.test";

export interface CopyingOptions {
  /** Local parts; every account is captured already. */
  readonly users: readonly string[];
  readonly source?: DovecotOptions;
  readonly target?: DovecotOptions;
  readonly copy?: Partial<CopyDeps["copy"]>;
  /** Connect to these instead, for example through something that breaks connections. */
  readonly via?: { readonly source?: Partial<Endpoint>; readonly target?: Partial<Endpoint> };
}

/** What the harness asks of a source; one of another kind than Dovecot need not give more. */
interface SourceServer {
  /** How to connect to it, with TLS from the first byte where it can do both. */
  endpoint(tls?: "implicit"): Endpoint;
  stop(): Promise<void>;
}

/** Address → password of all users. */
type Users = Readonly<Record<string, string>>;

/** Two real servers and the copier between them, without doors and without a second process. */
export interface Copying<Source extends SourceServer = Dovecot> {
  readonly source: Source;
  readonly target: Dovecot;
  readonly deps: CopyDeps;
  /** What was logged, one JSON line each. */
  readonly logged: readonly string[];
  address(user: string): string;
  /** One whole pass. */
  pass(user: string, signal?: AbortSignal): Promise<JobOutcome>;
  read(side: "source" | "target", user: string): Promise<StoredMailbox>;
  /** The differences between both sides as sentences. */
  differences(user: string, renamed?: Renamed): Promise<string[]>;
  /** Sends commands as the user, after opening a folder; every one must be answered with OK. */
  act(side: "source" | "target", user: string, folder: string, ...commands: string[]): Promise<void>;
  account(user: string): Promise<Account>;
  ledger(user: string): Promise<LedgerFolder[]>;
  stop(): Promise<void>;
}

/** Starts both servers and captures the accounts. `startSource` starts another source than Dovecot. */
export async function startCopying(options: CopyingOptions): Promise<Copying>;
export async function startCopying<Source extends SourceServer>(
  options: Omit<CopyingOptions, "source">,
  startSource: (users: Users) => Promise<Source>,
): Promise<Copying<Source>>;
export async function startCopying(
  options: CopyingOptions,
  startSource: (users: Users) => Promise<SourceServer> = (users) =>
    startDovecot({ users, ...options.source }),
): Promise<Copying<SourceServer>> {
  const addresses = options.users.map((user) => `${user}@${DOMAIN}`);
  const users = Object.fromEntries(addresses.map((address) => [address, PASSWORD]));
  const folder = await makeTempFolder("copy");
  const [source, target] = await Promise.all([
    startSource(users),
    startDovecot({ users, ...options.target }),
  ]);
  const logged: string[] = [];
  const log = createLog({ level: "debug", stream: { write: (line: string) => void logged.push(line) } });
  const deps = await makeDeps(options, { target, folder, log });
  await captureAll(deps, domainOf({ ...source.endpoint("implicit"), ...options.via?.source }), addresses);
  const address = (user: string) => `${user}@${DOMAIN}`;
  const sides = { source, target };
  const read = (side: "source" | "target", user: string) =>
    readMailbox(sides[side].endpoint(), address(user), PASSWORD);
  return {
    source,
    target,
    deps,
    logged,
    address,
    read,
    pass: (user, signal) => copyNow(deps, address(user), signal),
    differences: async (user, renamed) =>
      differences(await read("source", user), await read("target", user), renamed),
    act: async (side, user, name, ...commands) => {
      const client = await openMailbox(sides[side].endpoint(), address(user), PASSWORD);
      await actAs(client, name, commands);
    },
    account: async (user) => {
      const account = await deps.store.accounts.get(address(user));
      if (!account) throw new Error(`no account ${user}`);
      return account;
    },
    ledger: (user) => deps.store.ledger.load(address(user)),
    stop: async () => {
      await Promise.all([source.stop(), target.stop()]);
      await deps.store.close();
      await removeTempFolder(folder);
    },
  };
}

async function actAs(client: ImapClient, folder: string, commands: readonly string[]): Promise<void> {
  expectOk(await client.command("SELECT ", Buffer.from(folder, "latin1")), `SELECT ${folder}`);
  for (const command of commands) expectOk(await client.command(command), command);
  await client.logOut();
}

async function makeDeps(
  options: CopyingOptions,
  at: { target: Dovecot; folder: string; log: Log },
): Promise<CopyDeps> {
  const database = openDatabase(":memory:");
  const parts = {
    store: sqliteStore(database),
    clock: systemClock,
    log: at.log,
    owner: workerOwner(),
    copy: {
      connectionsPerSource: 8,
      pairsPerAccount: 2,
      bytesPerSecond: null,
      night: null,
      maxMessageSize: null,
      syncIntervalMs: 60_000,
      order: "newest-first",
      compress: "auto",
      ...options.copy,
    },
  } as const;
  return {
    ...parts,
    queue: sqliteQueue(database),
    vault: await openVault(join(at.folder, "master.key")),
    target: {
      imap: { ...at.target.endpoint("implicit"), ...options.via?.target },
      login: { as: "user" },
    },
    governor: createGovernor(parts),
  };
}

function domainOf(source: Endpoint): Domain {
  return {
    name: DOMAIN,
    state: "migrating",
    source,
    login: "address",
    cutover: { mx: [], txt: [] },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt: new Date().toISOString(),
    finalizedAt: null,
  };
}

/** What a first login leaves behind. */
async function captureAll(deps: CopyDeps, domain: Domain, addresses: readonly string[]): Promise<void> {
  const { accounts, domains } = deps.store;
  const at = new Date().toISOString();
  await domains.add(domain);
  await accounts.addMany(
    addresses.map((address) => ({ address, domain: DOMAIN, sourceLogin: null, name: null, quota: null })),
    at,
  );
  for (const address of addresses) {
    const context = sourceSealContext(domain, { address, sourceLogin: null });
    const sealedSource = deps.vault.seal(new Secret(Buffer.from(PASSWORD)), context);
    await accounts.putCredentials(address, { verifier: "{CRYPT}*", sealedSource, sealedTarget: null });
    await accounts.apply(address, { kind: "captured" }, at);
  }
}

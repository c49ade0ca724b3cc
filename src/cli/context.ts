import type { Readable } from "node:stream";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { createLog, type Log } from "../log/log.ts";
import { openProvisioner } from "../provision/open.ts";
import type { Provisioner } from "../provision/provision.ts";
import type { Queue } from "../queue/queue.ts";
import { sqliteQueue } from "../queue/sqlite.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { sqliteStore } from "../store/sqlite/store.ts";
import type { Store } from "../store/store.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { Diagnostics } from "./diagnostics.ts";
import type { Output } from "./output.ts";

/** What every command is given beside its own arguments. */
export interface CliContext {
  readonly configFile: string;
  /** Whether results are to be printed as JSON. */
  readonly json: boolean;
  readonly out: Output;
  readonly stdin: Readable;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Everything a command works with, opened. */
export interface App {
  readonly config: Config;
  readonly store: Store;
  readonly queue: Queue;
  /** Opens the key file at the first use only, so that most commands never touch it. */
  vault(): Promise<Vault>;
  readonly provisioner: Provisioner;
  /** Warnings and errors, as sentences on standard error. */
  readonly log: Log;
  close(): Promise<void>;
}

/**
 * Reads the configuration and opens what it names. The caller closes it.
 * @throws {ConfigError} with every fault of the configuration
 */
async function openApp(context: CliContext): Promise<App> {
  const { config } = await loadConfig(context.configFile);
  const diagnostics = new Diagnostics((text) => context.out.note(text));
  const log = createLog({ level: "warn", stream: diagnostics });
  const database = openDatabase(config.store.path);
  const store = sqliteStore(database);
  let vault: Promise<Vault> | undefined;
  return {
    config,
    store,
    queue: sqliteQueue(database),
    vault: () => (vault ??= openVault(config.keyFile)),
    provisioner: openProvisioner(config.target.provision, log),
    log,
    close: () => {
      diagnostics.end();
      return store.close();
    },
  };
}

/** Runs `work` with the opened application and closes it, however the work ends. */
export async function withApp<T>(context: CliContext, work: (app: App) => Promise<T>): Promise<T> {
  const app = await openApp(context);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

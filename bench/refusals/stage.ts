import { join } from "node:path";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { CANARY } from "../../test/kit/canary.ts";
import { type Dovecot, startDovecot } from "../../test/kit/dovecot.ts";
import { ImapClient } from "../../test/kit/imap-client.ts";
import { type ImbarcoProcess, startImbarco } from "../../test/kit/imbarco.ts";
import { inParallel } from "./tries.ts";

export const PASSWORD = `bench-${CANARY}`;
const MASTER = { user: "imbarco", password: `master-${CANARY}` };
/** As an installation has it that nobody has touched. Seconds. */
const DOVECOTS_DELAY = 2;
const NO_LIMIT = 1_000_000;

/** Two Dovecots that refuse as slowly as they do by default, and imbarco between them, which bears any number of wrong passwords. */
export interface Stage {
  readonly source: Dovecot;
  readonly target: Dovecot;
  readonly imbarco: ImbarcoProcess;
  /** Adds a domain with so many accounts, `known0` and so on. */
  domain(name: string, accounts: number): Promise<void>;
  /** Has these users log in for the first time. */
  capture(addresses: readonly string[]): Promise<void>;
  finalize(domain: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startStage(domains: Readonly<Record<string, number>>): Promise<Stage> {
  const users = Object.fromEntries(
    Object.entries(domains).flatMap(([name, accounts]) =>
      Array.from({ length: accounts }, (_, n) => [`known${n}@${name}`, PASSWORD]),
    ),
  );
  const authFailureDelay = DOVECOTS_DELAY;
  const source = await startDovecot({ users, authFailureDelay });
  const target = await startDovecot({ masterUser: MASTER, authFailureDelay });
  const imbarco = await startImbarco({
    target,
    master: MASTER,
    config: {
      roles: ["proxy"],
      throttle: {
        failuresPerNetwork: NO_LIMIT,
        failuresPerAccount: NO_LIMIT,
        exempt: ["127.0.0.0/8"],
        refusalsPerSource: { perMinute: NO_LIMIT, perHour: NO_LIMIT },
      },
    },
  });
  return {
    source,
    target,
    imbarco,
    async domain(name, accounts) {
      const { host, port } = source.endpoint("starttls");
      const trust = ["--source-ca", source.caFile];
      await imbarco.json(["domain", "add", name, "--source", `${host}:${port}`, ...trust]);
      const addresses = Array.from({ length: accounts }, (_, n) => `known${n}@${name}`);
      await imbarco.json(["users", "add", ...addresses]);
      await imbarco.json(["domain", "enable", name]);
    },
    capture: (addresses) =>
      inParallel(4, addresses, async (address) => {
        const client = await ImapClient.connect(imbarco.place());
        const { status, text } = await client.logIn(address, PASSWORD);
        if (status !== "OK") throw new Error(`${address} does not come in: ${text}`);
        client.close();
      }),
    async finalize(domain) {
      const store = sqliteStore(openDatabase(join(imbarco.folder, "data", "imbarco.db")));
      await store.domains.update(domain, { state: "finalized" });
      await store.accounts.purgeSealed(domain);
      await store.close();
    },
    async stop() {
      await imbarco.discard();
      await source.stop();
      await target.stop();
    },
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { Secret } from "../../../src/kit/secret.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { sourceSealContext } from "../../../src/vault/seal-context.ts";
import { openVault } from "../../../src/vault/vault.ts";
import { makeVerifier } from "../../../src/vault/verifier.ts";
import { freePort } from "../../../test/kit/free-port.ts";
import { accepts, greets } from "../../../test/kit/greeting.ts";
import type { Contestant, Surroundings } from "../contestants.ts";
import { type Users, userName } from "../load-job.ts";
import { startServer } from "../processes.ts";

const MAIN = join(import.meta.dirname, "../../../tools/imbarco.mjs");
/** Flags for Node, to look into the process while it is measured: for example `--cpu-prof`. */
const NODE_FLAGS = (process.env["BENCH_NODE_FLAGS"] ?? "").split(" ").filter(Boolean);

interface Ports {
  readonly plain: number;
  readonly tls: number;
}

/**
 * `imbarco serve` as people run it, with one process for sessions and no copier. Its accounts are captured and copied: what is measured are the
 * logins of every day.
 */
export const imbarco: Contestant = {
  name: "imbarco",
  absence: () => null,
  start: async (surroundings) => {
    const ports = { plain: await freePort(), tls: await freePort() };
    const file = join(surroundings.folder, "imbarco.yaml");
    await writeFile(file, stringify(configuration(surroundings, ports)));
    await makeAccounts(file, surroundings);
    const isReady = async () => (await accepts(ports.tls)) && (await greets(ports.plain));
    const command = [process.execPath, ...NODE_FLAGS, MAIN, "serve", "--config", file] as const;
    const server = await startServer([...command], surroundings.folder, isReady);
    return {
      pid: server.pid,
      plain: { port: ports.plain, tls: false },
      tls: { port: ports.tls, tls: true },
      stop: server.stop,
    };
  },
};

function configuration({ folder, stubPort, certificates }: Surroundings, ports: Ports): unknown {
  const { certFile, keyFile } = certificates;
  return {
    hostname: "imbarco.bench",
    dataDir: join(folder, "data"),
    keyFile: join(folder, "master.key"),
    roles: ["proxy"],
    processes: 1,
    tls: { certFile, keyFile },
    listeners: [
      { protocol: "imap", listen: `127.0.0.1:${ports.plain}`, tls: "none", plaintextLogin: "loopback" },
      { protocol: "imap", listen: `127.0.0.1:${ports.tls}`, tls: "implicit" },
    ],
    target: {
      imap: { host: "127.0.0.1", port: stubPort, tls: "none" },
      login: { as: "user" },
      provision: { kind: "none" },
    },
  };
}

/** Accounts as they are once their mail is copied. */
async function makeAccounts(file: string, surroundings: Surroundings): Promise<void> {
  const { folder, stubPort, users } = surroundings;
  const list = join(folder, "accounts.csv");
  const rows = Array.from({ length: users.count }, (_, index) => `${userName(index)}\n`);
  await mkdir(join(folder, "data"), { mode: 0o700, recursive: true });
  await writeFile(list, rows.join(""));
  const [, domain = ""] = userName(0).split("@");
  const source = ["--source", `127.0.0.1:${stubPort}`, "--tls", "none"];
  await cli(file, ["domain", "add", domain, ...source]);
  await cli(file, ["users", "import", domain, list]);
  await cli(file, ["domain", "enable", domain]);
  const store = sqliteStore(openDatabase(join(folder, "data", "imbarco.db")));
  try {
    await capture(store, join(folder, "master.key"), domain, users);
  } finally {
    await store.close();
  }
}

async function capture(store: Store, keyFile: string, domainName: string, users: Users): Promise<void> {
  const vault = await openVault(keyFile);
  const domain = await store.domains.get(domainName);
  if (domain === undefined) throw new Error(`the domain ${domainName} was not added`);
  const password = new Secret(Buffer.from(users.password));
  const verifier = await makeVerifier(password);
  const at = new Date().toISOString();
  for await (const account of store.accounts.list({ domain: domainName })) {
    const sealedSource = vault.seal(password, sourceSealContext(domain, account));
    await store.accounts.putCredentials(account.address, { verifier, sealedSource, sealedTarget: null });
    for (const kind of ["captured", "copy-started", "synced"] as const)
      await store.accounts.apply(account.address, { kind }, at);
  }
}

async function cli(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args, "--config", file], { stdio: "pipe" });
  child.stdin.end();
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  if (status !== 0) throw new Error(`imbarco ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
}

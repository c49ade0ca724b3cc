import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { type App, withApp } from "../../src/cli/context.ts";
import { copyDeps } from "../../src/cli/copy-deps.ts";
import { Output } from "../../src/cli/output.ts";
import { copyNow } from "../../src/copy/now.ts";
import { Secret } from "../../src/kit/secret.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../src/model/domain.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { sourceSealContext } from "../../src/vault/seal-context.ts";
import { type CopyJob, readJob, reportOn, type Side } from "./job.ts";

/**
 * imbarco's copier under measurement: one pass over one account with the real configuration, store, ledger and vault, as
 * `imbarco migrate` makes it. An own program; its first run for a job also captures the account, before the clock starts.
 */
const { signal } = new AbortController();
const { stdout, stderr } = process;
const out = new Output({ stdout, stderr, isTty: false, columns: 80, colours: false });
const job = await readJob();
const configFile = join(job.folder, "imbarco.yaml");
const address = job.target.user;
const isNew = !existsSync(configFile);
if (isNew) await writeConfig(job);
await withApp({ configFile, json: true, out, stdin: process.stdin, signal }, async (app) => {
  if (isNew) await capture(app);
  const deps = await copyDeps(app);
  await reportOn(async () => {
    const outcome = await copyNow(deps, address, signal);
    if (outcome.kind === "failed") throw outcome.failure;
    if (outcome.kind !== "done" || outcome.refused > 0)
      throw new Error(`the pass ended as ${JSON.stringify(outcome)}`);
  });
});

async function writeConfig({ folder, target }: CopyJob): Promise<void> {
  const { certFile, keyFile } = {
    certFile: target.caFile.replace("ca.pem", "server.pem"),
    keyFile: target.caFile.replace("ca.pem", "server.key"),
  };
  const config = {
    hostname: "imbarco.test",
    dataDir: join(folder, "data"),
    keyFile: join(folder, "master.key"),
    tls: { certFile, keyFile },
    listeners: [{ protocol: "imap", listen: "127.0.0.1:0", tls: "starttls" }],
    target: {
      imap: {
        host: target.host,
        port: target.port,
        tls: target.tls,
        ...(target.tls === "none" ? {} : { caFile: target.caFile }),
      },
      login: { as: "user" },
      provision: { kind: "passwd-file", path: join(folder, "passwd") },
    },
  };
  await writeFile(configFile, stringify(config));
}

/** What a first login leaves behind. */
async function capture(app: App): Promise<void> {
  const { domains, accounts } = app.store;
  const at = new Date().toISOString();
  const source = await endpointOf(job.source);
  const name = address.slice(address.indexOf("@") + 1);
  const domain: Domain = {
    name,
    state: "migrating",
    source,
    login: "address",
    cutover: { mx: [], txt: [] },
    createdAt: at,
    finalizedAt: null,
    ...DEFAULT_FOLDER_POLICIES,
  };
  const account = { address, domain: name, sourceLogin: job.source.user, name: null, quota: null };
  await domains.add(domain);
  await accounts.addMany([account], at);
  const password = new Secret(Buffer.from(job.source.password));
  const sealedSource = (await app.vault()).seal(password, sourceSealContext(domain, account));
  await accounts.putCredentials(address, { verifier: "{CRYPT}*", sealedSource, sealedTarget: null });
  await accounts.apply(address, { kind: "captured" }, at);
}

async function endpointOf(side: Side): Promise<Endpoint> {
  const ca = side.tls === "none" ? null : await readFile(side.caFile, "utf8");
  return { host: side.host, port: side.port, tls: side.tls, ca, verify: true };
}

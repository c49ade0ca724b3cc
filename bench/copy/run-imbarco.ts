import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { type App, withApp } from "../../src/cli/context.ts";
import { copyDeps } from "../../src/cli/copy-deps.ts";
import { Output } from "../../src/cli/output.ts";
import { copyNow } from "../../src/copy/now.ts";
import { Secret } from "../../src/kit/secret.ts";
import { domainOf } from "../../src/model/address.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../src/model/domain.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { sourceSealContext } from "../../src/vault/seal-context.ts";
import { type CopyJob, readJob, reportOn, type Side } from "./job.ts";

/**
 * imbarco's copier under measurement: one pass over one account with the real configuration, store, ledger and vault. An own program; its first run for a job also
 * captures the account, and makes the copy that the job wants before, both before the clock starts.
 */
const { signal } = new AbortController();
const { stdout, stderr } = process;
const out = new Output({ stdout, stderr, isTty: false, columns: 80, colours: false });
const job = await readJob();
const configFile = join(job.folder, "imbarco.yaml");
const isNew = !existsSync(configFile);
if (isNew) await writeConfig(job);
await withApp({ configFile, json: true, out, stdin: process.stdin, signal }, async (app) => {
  const deps = await copyDeps(app);
  const copy = async ({ target }: CopyJob) => {
    const outcome = await copyNow(deps, target.user, signal);
    if (outcome.kind === "failed") throw outcome.failure;
    if (outcome.kind !== "done" || outcome.refused > 0)
      throw new Error(`the pass ended as ${JSON.stringify(outcome)}`);
  };
  if (isNew) await openDomain(app, job);
  for (const one of job.before ? [job.before, job] : [job]) if (isNew) await capture(app, one);
  if (job.before) await copy(job.before);
  await reportOn(() => copy(job));
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

async function openDomain(app: App, { source, target }: CopyJob): Promise<void> {
  const domain: Domain = {
    name: domainOf(target.user),
    state: "migrating",
    source: await endpointOf(source),
    login: "address",
    cutover: { mx: [], txt: [] },
    createdAt: new Date().toISOString(),
    finalizedAt: null,
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
  };
  await app.store.domains.add(domain);
}

/** What a first login leaves behind. */
async function capture(app: App, { source, target }: CopyJob): Promise<void> {
  const { domains, accounts } = app.store;
  const at = new Date().toISOString();
  const address = target.user;
  const domain = await domains.get(domainOf(address));
  if (!domain) throw new Error(`there is no domain of ${address}`);
  const account = { address, domain: domain.name, sourceLogin: source.user, name: null, quota: null };
  await accounts.addMany([account], at);
  const password = new Secret(Buffer.from(source.password));
  const sealedSource = (await app.vault()).seal(password, sourceSealContext(domain, account));
  await accounts.putCredentials(address, { verifier: "{CRYPT}*", sealedSource, sealedTarget: null });
  await accounts.apply(address, { kind: "captured" }, at);
}

async function endpointOf(side: Side): Promise<Endpoint> {
  const ca = side.tls === "none" ? null : await readFile(side.caFile, "utf8");
  return { host: side.host, port: side.port, tls: side.tls, ca, verify: true };
}

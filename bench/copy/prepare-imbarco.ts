import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { type App, withApp } from "../../src/cli/context.ts";
import { Output } from "../../src/cli/output.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Secret } from "../../src/kit/secret.ts";
import { domainOf } from "../../src/model/address.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../src/model/domain.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { sourceSealContext } from "../../src/vault/seal-context.ts";
import type { CopyJob, Side } from "./job.ts";

/** Puts into the job's folder what an imbarco has before a copy: its configuration, checked, and the account (with the one before) captured. Once for each job. */
export async function prepareImbarco(job: CopyJob): Promise<void> {
  const configFile = join(job.folder, "imbarco.yaml");
  if (existsSync(configFile)) return;
  await writeFile(configFile, stringify(configuration(job)));
  const { written } = await loadConfig(configFile);
  await writeFile(join(job.folder, "written.json"), JSON.stringify(written));
  const { stdout, stderr, stdin } = process;
  const out = new Output({ stdout, stderr, isTty: false, columns: 80, colours: false });
  const { signal } = new AbortController();
  await withApp({ configFile, json: true, out, stdin, signal }, async (app) => {
    await openDomain(app, job);
    for (const one of job.before ? [job.before, job] : [job]) await capture(app, one);
  });
}

function configuration({ folder, target }: CopyJob): unknown {
  const { certFile, keyFile } = {
    certFile: target.caFile.replace("ca.pem", "server.pem"),
    keyFile: target.caFile.replace("ca.pem", "server.key"),
  };
  return {
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

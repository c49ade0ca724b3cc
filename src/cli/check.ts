import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { systemClock } from "../kit/clock.ts";
import { Semaphore } from "../kit/semaphore.ts";
import { createLog, type Log } from "../log/log.ts";
import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { type Endpoint, endpointName, isPinned } from "../model/endpoint.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { sqliteStore } from "../store/sqlite/store.ts";
import type { Store } from "../store/store.ts";
import { openImap } from "../upstream/open.ts";
import { checkCertificates } from "./check-certificates.ts";
import { checkKeyFile, checkProvision, checkStore } from "./check-machine.ts";
import { checkPorts } from "./check-ports.ts";
import { checkService, SERVICES } from "./check-service.ts";
import { checkLocked, checkMaster, checkTarget } from "./check-target.ts";
import type { CliContext } from "./context.ts";
import { type Finding, findingRow, type Report, reportTo } from "./finding.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";

/** Every account would be slow and noisy; what is wrong with locking is wrong with all of them. */
const LOCKED_ACCOUNTS_TRIED = 3;
const SOURCES_AT_A_TIME = 8;

/** `imbarco check`: looks at everything that `serve` will need, says what is wrong, changes nothing. */
export function checkCommand(run: Runner): Command {
  return new Command("check").action(
    run(async (context) => {
      const findings = await examine(context);
      const failed = findings.filter(({ status }) => status === "fail").length;
      if (context.json) context.out.json({ ok: failed === 0, findings });
      else context.out.table(["", "CHECK", "OF", "FOUND"], findings.map(findingRow));
      if (failed > 0)
        throw new CliError("check_failed", `${failed} of ${findings.length} checks failed`, {
          printed: true,
        });
    }),
  );
}

async function examine(context: CliContext): Promise<Finding[]> {
  const { config, warnings } = await loadConfig(context.configFile);
  const log = createLog({ level: "error", stream: { write: (line) => context.out.note(line.trimEnd()) } });
  const findings: Finding[] = [];
  const report = (check: string) => reportTo(findings, check);

  report("configuration").ok(config.file, "has no errors");
  for (const { path, message } of warnings) report("configuration").warn(path, message);
  checkCertificates(config, systemClock, report("certificate"));
  const instance = await checkKeyFile(config, report("key"));
  await checkProvision(config, report("provision"));
  const hasStore = await checkStore(config, report("store"));
  await checkPorts(config, report("listener"));

  const deps = { config, log, instance, signal: context.signal };
  const targetAnswers = await checkTarget(deps, report("target"));
  for (const protocol of SERVICES) await checkService(deps, protocol, report(`target ${protocol}`));
  if (!hasStore) return findings;
  const store = sqliteStore(openDatabase(config.store.path, { readOnly: true }));
  try {
    if (targetAnswers) await checkAccounts(deps, store, findings);
    await checkSources(deps, await store.domains.list(), report("source"));
  } finally {
    await store.close();
  }
  return findings;
}

type Deps = {
  readonly config: Config;
  readonly log: Log;
  /** Names this installation, so that a server that is imbarco itself is known. */
  readonly instance: string | undefined;
  readonly signal: AbortSignal;
};

async function checkAccounts(deps: Deps, store: Store, findings: Finding[]): Promise<void> {
  const sample: string[] = [];
  for await (const { address } of store.accounts.list({ state: "waiting" })) {
    sample.push(address);
    if (sample.length === LOCKED_ACCOUNTS_TRIED) break;
  }
  const first = sample[0];
  if (first !== undefined) await checkMaster(deps, first, reportTo(findings, "master login"));
  // Provisioned by somebody else, accounts may well have their passwords already: then neither guess opens them either.
  // A target lets each wrong password wait, so they are tried side by side.
  const tried = await Promise.all(
    sample.map(async (address, index) => {
      const own: Finding[] = [];
      await checkLocked(deps, address, index, reportTo(own, "locked"));
      return own;
    }),
  );
  findings.push(...tried.flat());
}

async function checkSources(deps: Deps, domains: readonly Domain[], report: Report): Promise<void> {
  const places = new Semaphore(SOURCES_AT_A_TIME);
  const wanted = domains.filter((domain) => domain.state === "preparing" || sourceMayBeAsked(domain));
  await Promise.all(wanted.map((domain) => places.run(() => checkSource(deps, domain, report))));
}

async function checkSource(deps: Deps, domain: Domain, report: Report): Promise<void> {
  const subject = `${domain.name} (${endpointName(domain.source)})`;
  try {
    const connection = await openImap(deps, "source", domain.source, { signal: deps.signal });
    try {
      if (connection.has("LOGINDISABLED") && !connection.has("AUTH=PLAIN"))
        report.fail(subject, "takes no password here (LOGINDISABLED): set another --tls for this domain");
      else if (domain.source.tls === "none") report.warn(subject, "answers; passwords travel there in clear");
      else reportTrust(domain.source, subject, report);
    } finally {
      connection.close();
    }
  } catch (error) {
    report.fail(subject, (error as Error).message);
  }
}

function reportTrust(source: Endpoint, subject: string, report: Report): void {
  if (!source.verify) report.warn(subject, "answers; its certificate is not verified");
  if (source.weakTls === true)
    report.warn(
      subject,
      "answers; weak TLS is allowed there: once it speaks TLS 1.2 with strong keys, imbarco domain set NAME --no-source-weak-tls",
    );
  else if (source.verify)
    report.ok(
      subject,
      isPinned(source) ? "answers; it shows the certificate whose fingerprint was given" : "answers",
    );
}

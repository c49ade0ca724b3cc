import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { Secret } from "../kit/secret.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { NightProfile } from "../model/night.ts";
import { type ProtocolName, usualPort } from "../model/protocol.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { ThrottlePolicy } from "../model/throttle.ts";
import type { Config, CopyConfig, TlsConfig } from "./config.ts";
import { readDocument } from "./document.ts";
import { explainIssues } from "./explain.ts";
import { fileFault, type NamedFiles, readNamedFiles } from "./files.ts";
import { notYetProblems } from "./not-yet.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { ruleProblems } from "./rules.ts";
import { configSchema, type WrittenConfig } from "./schema.ts";

/** A configuration that is sound, and what is unwise about it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

/** The configuration file to use: the option, else `$IMBARCO_CONFIG`, else the usual place. */
export function configPath(option: string | undefined): string {
  return option ?? (process.env["IMBARCO_CONFIG"] || "/etc/imbarco/imbarco.yaml");
}

/**
 * Reads the configuration and the files that it names. Relative paths start at the folder of the configuration file.
 * @throws {ConfigError} with every fault, its path and line
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const document = readDocument(await readConfigFile(file));
  if (document.problems.length > 0) throw new ConfigError(file, document.problems);
  const folder = dirname(resolve(file));
  const parsed = configSchema.safeParse(document.raw);
  const files = await readNamedFiles(document, folder);
  const problems = [
    ...explainIssues(document, parsed.error?.issues ?? []),
    ...notYetProblems(document),
    ...ruleProblems(document),
    ...files.problems,
  ];
  if (!parsed.success || problems.length > 0)
    throw new ConfigError(
      file,
      problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    );
  return { config: deepFreeze(build(resolve(file), parsed.data, files)), warnings: files.warnings };
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const message = `${fileFault(resolve(file), error as NodeJS.ErrnoException)}; name the configuration with --config FILE or $IMBARCO_CONFIG`;
    throw new ConfigError(file, [{ path: "", line: null, message }], { cause: error });
  }
}

function build(file: string, written: WrittenConfig, files: NamedFiles): Config {
  const at = (path: string) => resolve(dirname(file), path);
  const dataDir = at(written.dataDir);
  const { provision } = written.target;
  return {
    file,
    hostname: written.hostname ?? hostname(),
    dataDir,
    store: { kind: "sqlite", path: storePath(written, dataDir, at) },
    keyFile: at(written.keyFile),
    roles: [...new Set(written.roles)],
    processes: written.processes,
    tls: tlsOf(written, files, at),
    listeners: written.listeners.map(({ protocol, listen, tls, plaintextLogin, proxyProtocol }) => ({
      protocol,
      listen,
      tls,
      plaintextLogin,
      proxyProtocol,
    })),
    target: {
      imap: targetEndpoint("imap", written.target.imap, files),
      pop3: written.target.pop3 ? targetEndpoint("pop3", written.target.pop3, files) : null,
      submission: written.target.submission
        ? targetEndpoint("submission", written.target.submission, files)
        : null,
      sieve: written.target.sieve ? targetEndpoint("sieve", written.target.sieve, files) : null,
      login: loginOf(written.target.login, files),
      provision:
        provision.kind === "passwd-file"
          ? { kind: "passwd-file", path: at(provision.path) }
          : { kind: "none" },
    },
    copy: copyOf(written.copy),
    throttle: throttleOf(written.throttle),
    admin: written.admin ? { listen: written.admin.listen } : null,
    log: written.log,
    dns: written.dns,
    drainMs: written.drain,
  };
}

function copyOf({ syncInterval, night, ...copy }: WrittenConfig["copy"]): CopyConfig {
  return { ...copy, night: night ? nightOf(night) : null, syncIntervalMs: syncInterval };
}

function throttleOf({ window, ...throttle }: WrittenConfig["throttle"]): ThrottlePolicy {
  return { ...throttle, exempt: throttle.exempt ?? [], windowMs: window };
}

function nightOf(night: NonNullable<WrittenConfig["copy"]["night"]>): NightProfile {
  return {
    fromMinute: night.from,
    toMinute: night.to,
    timeZone: night.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    connectionsPerSource: night.connectionsPerSource ?? null,
    bytesPerSecond: night.bytesPerSecond === undefined ? "as by day" : night.bytesPerSecond,
  };
}

function storePath(written: WrittenConfig, dataDir: string, at: (path: string) => string): string {
  const own = written.store.kind === "sqlite" ? written.store.path : undefined;
  return own === undefined ? resolve(dataDir, "imbarco.db") : at(own);
}

function tlsOf(written: WrittenConfig, files: NamedFiles, at: (path: string) => string): TlsConfig | null {
  if (written.tls === undefined) return null;
  // Files that are not there have been reported, and nothing is built then.
  const pairOf = (path: string, { certFile, keyFile }: { certFile: string; keyFile: string }) => ({
    certFile: at(certFile),
    keyFile: at(keyFile),
    cert: files.contents.get(`${path}.certFile`)?.toString() ?? "",
    key: new Secret(files.contents.get(`${path}.keyFile`) ?? Buffer.alloc(0)),
  });
  const sni = (written.tls.sni ?? []).map((entry, index) => {
    return { names: entry.names, ...pairOf(`tls.sni[${index}]`, entry) };
  });
  return { ...pairOf("tls", written.tls), sni };
}

function targetEndpoint(
  protocol: ProtocolName,
  server: WrittenConfig["target"]["imap"],
  files: NamedFiles,
): Endpoint {
  return {
    host: server.host,
    port: server.port ?? usualPort(protocol, server.tls),
    tls: server.tls,
    ca: files.contents.get(`target.${protocol}.caFile`)?.toString() ?? null,
    verify: server.verify,
    clientAddress: server.clientAddress,
    fingerprints: server.fingerprint ?? [],
  };
}

function loginOf(login: WrittenConfig["target"]["login"], files: NamedFiles): TargetLogin {
  if (login.as === "user") return { as: "user" };
  const password = new Secret(files.contents.get("target.login.passwordFile") ?? Buffer.alloc(0));
  return { as: "master", user: login.user, password, form: login.form, separator: login.separator };
}

/** Secrets keep their octets to themselves and can be wiped, so they are left as they are. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof Secret) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { Secret } from "../kit/secret.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { NightProfile } from "../model/night.ts";
import { type ProtocolName, usualPort } from "../model/protocol.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { ThrottlePolicy } from "../model/throttle.ts";
import type { Config, CopyConfig, TlsConfig } from "./config.ts";
import { type NamedFiles, readNamedFiles } from "./files.ts";
import { ConfigError } from "./problem.ts";
import type { WrittenConfig } from "./schema.ts";

/**
 * The configuration of a file that another process has checked, without what checking needs (30 MB): only the files that it names are read again.
 * @throws {ConfigError} when one of them can no longer be used
 */
export async function rebuildConfig(file: string, written: WrittenConfig): Promise<Config> {
  const files = await readNamedFiles({ raw: written, lineOf: () => null }, dirname(file));
  if (files.problems.length > 0) throw new ConfigError(file, files.problems);
  return buildConfig(file, written, files);
}

/**
 * Puts together what was written and what the named files hold.
 * @param file absolute; relative paths start at its folder
 */
export function buildConfig(file: string, written: WrittenConfig, files: NamedFiles): Config {
  return deepFreeze(assemble(file, written, files));
}

function assemble(file: string, written: WrittenConfig, files: NamedFiles): Config {
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

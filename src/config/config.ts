import type { Secret } from "../kit/secret.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { IpNetwork } from "../model/ip.ts";
import type { NightProfile } from "../model/night.ts";
import type { ProtocolName } from "../model/protocol.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { ThrottlePolicy } from "../model/throttle.ts";

/** The configuration as the program uses it: checked, defaults filled in, secret files read, frozen. See contract §5. */
export interface Config {
  /** The file it was read from. */
  readonly file: string;
  readonly hostname: string;
  readonly dataDir: string;
  readonly store: { readonly kind: "sqlite"; readonly path: string };
  /** The master key file of the vault. */
  readonly keyFile: string;
  readonly roles: readonly Role[];
  /** Processes that serve mail programs; 1 = everything in one process. */
  readonly processes: "auto" | number;
  readonly tls: TlsConfig | null;
  readonly listeners: readonly Listener[];
  readonly target: TargetConfig;
  readonly copy: CopyConfig;
  readonly throttle: ThrottlePolicy;
  readonly admin: { readonly listen: ListenAddress } | null;
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" };
  /** Resolvers for `imbarco dns` as `address[:port]`; empty = the machine's. */
  readonly dns: { readonly servers: readonly string[] };
  /** Longest time that sessions may go on after SIGTERM. */
  readonly drainMs: number;
}

export type Role = "proxy" | "copier" | "admin";

/** PEM texts with the files they came from. */
export interface CertificateConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: Secret;
}

/** What clients see: one certificate, and others by the name that the client asks for. */
export interface TlsConfig extends CertificateConfig {
  /** Names in A-labels, `*.example.it` for one label. */
  readonly sni: readonly (CertificateConfig & { readonly names: readonly string[] })[];
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  readonly protocol: ProtocolName;
  readonly listen: ListenAddress;
  readonly tls: "starttls" | "implicit" | "none";
  readonly plaintextLogin: "never" | "loopback" | "always";
  /** Networks of load balancers, whose PROXY header is required and believed. */
  readonly proxyProtocol: readonly IpNetwork[];
}

export interface TargetConfig {
  readonly imap: Endpoint;
  readonly pop3: Endpoint | null;
  readonly submission: Endpoint | null;
  readonly sieve: Endpoint | null;
  readonly login: TargetLogin;
  readonly provision: { readonly kind: "passwd-file"; readonly path: string } | { readonly kind: "none" };
}

export interface CopyConfig {
  readonly connectionsPerSource: number;
  readonly pairsPerAccount: number;
  /** Octets; `null` = no cap. */
  readonly bytesPerSecond: number | null;
  readonly night: NightProfile | null;
  readonly maxMessageSize: number | null;
  readonly syncIntervalMs: number;
  readonly order: "newest-first" | "oldest-first";
  readonly compress: "auto" | "always" | "never";
}

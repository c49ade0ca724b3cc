import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Certificates } from "./certs.ts";

/** What a Dovecot of the tests is to be like. */
export interface DovecotOptions {
  /** Address → password, as rows of a passwd-file of its own. */
  readonly users?: Readonly<Record<string, string>>;
  /** A master user that may log in as everybody, whether or not the row is locked. */
  readonly masterUser?: { readonly user: string; readonly password: string };
  /** How mail lies on disk; default maildir. */
  readonly mail?: "maildir" | "mdbox" | "sdbox";
  /** STARTTLS on `imapPort` and TLS on `imapsPort`; default true. */
  readonly tls?: boolean;
  /** Between the levels of a folder name; default `.` for maildir, else `/`. */
  readonly separator?: "." | "/";
  /** Namespace prefix in front of every folder but INBOX, such as `INBOX.`. */
  readonly prefix?: string;
  /** Folder name → its special use, such as `\Sent`; the folders come into being when somebody makes them. */
  readonly specialUse?: Readonly<Record<string, string>>;
  /** Seconds that a refused login waits; default 0. */
  readonly authFailureDelay?: number;
  /** Use this passwd-file instead of an own one: the one that imbarco writes. */
  readonly passwdFile?: string;
  /** Believe the client addresses that a proxy on loopback tells, as a target should; default true with a `passwdFile`. */
  readonly trustProxy?: boolean;
  /** More lines for the end of the configuration file. */
  readonly config?: string;
}

/** Where the parts of one running Dovecot are. */
export interface DovecotPlaces {
  readonly folder: string;
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly passwdFile: string;
  readonly masterFile: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly certificates: Certificates;
}

/** As root, mail belongs to a user id that need not exist: Dovecot refuses to open mail as root. */
export const MAIL_UID = 20_025;

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The configuration file.
 * @throws when it cannot be written for this version of Dovecot
 */
export function dovecotConfig(version: string, options: DovecotOptions, places: DovecotPlaces): string {
  if (!version.startsWith("2.3."))
    throw new Error(`Dovecot ${version} is installed, and the tests know how to configure Dovecot 2.3 only`);
  return [
    ...baseLines(places),
    ...ownerLines(),
    ...listenerLines(options, places),
    ...authLines(options, places),
    ...mailLines(options, places),
    options.config ?? "",
    "",
  ].join("\n");
}

function baseLines(places: DovecotPlaces): string[] {
  return [
    "protocols = imap",
    "listen = 127.0.0.1",
    `base_dir = ${join(places.folder, "run")}`,
    `state_dir = ${join(places.folder, "state")}`,
    `log_path = ${places.logFile}`,
    "shutdown_clients = yes",
    "mail_max_userip_connections = 200",
    "service imap {\n  process_limit = 500\n}",
  ];
}

/** Without root, all processes run as the one who started them, and nothing is locked into a folder. */
function ownerLines(): string[] {
  if (runsAsRoot()) return ["first_valid_uid = 1"];
  const { username } = userInfo();
  const group = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();
  return [
    `default_internal_user = ${username}`,
    `default_internal_group = ${group}`,
    `default_login_user = ${username}`,
    "service anvil {\n  chroot =\n}",
    "first_valid_uid = 1",
  ];
}

function listenerLines(options: DovecotOptions, places: DovecotPlaces): string[] {
  const withTls = options.tls ?? true;
  const tls = places.certificates;
  return [
    "service imap-login {",
    // One process for many logins, so that a test does not wait for a new process each time.
    "  service_count = 0",
    ...(runsAsRoot() ? [] : ["  chroot ="]),
    `  inet_listener imap {\n    port = ${places.imapPort}\n  }`,
    `  inet_listener imaps {\n    port = ${withTls ? places.imapsPort : 0}\n    ssl = yes\n  }`,
    "}",
    ...(withTls ? ["ssl = yes", `ssl_cert = <${tls.certFile}`, `ssl_key = <${tls.keyFile}`] : ["ssl = no"]),
  ];
}

function authLines(options: DovecotOptions, places: DovecotPlaces): string[] {
  const owner = runsAsRoot() ? `uid=${MAIL_UID} gid=${MAIL_UID} ` : "";
  return [
    "auth_mechanisms = plain login",
    "auth_username_chars =",
    `auth_failure_delay = ${options.authFailureDelay ?? 0} secs`,
    // All tests come from one address: the growing delay after refused logins would slow down the others.
    "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}",
    ...((options.trustProxy ?? options.passwdFile !== undefined)
      ? ["login_trusted_networks = 127.0.0.0/8"]
      : []),
    ...(options.masterUser ? masterLines(options, places) : []),
    `passdb {\n  driver = passwd-file\n  args = scheme=CRYPT username_format=%u ${places.passwdFile}\n}`,
    "userdb {",
    "  driver = passwd-file",
    `  args = username_format=%u ${places.passwdFile}`,
    `  default_fields = ${owner}home=${join(places.folder, "mail")}/%u`,
    "}",
  ];
}

/** `continue`: the account is looked up too, so that a missing one is refused instead of served from nowhere. */
function masterLines(options: DovecotOptions, places: DovecotPlaces): string[] {
  return options.masterUser === undefined
    ? []
    : [
        "auth_master_user_separator = *",
        "passdb {",
        "  driver = passwd-file",
        `  args = scheme=PLAIN ${places.masterFile}`,
        "  master = yes",
        "  result_success = continue",
        "}",
      ];
}

function mailLines(options: DovecotOptions, places: DovecotPlaces): string[] {
  const kind = options.mail ?? "maildir";
  const separator = options.separator ?? (kind === "maildir" ? "." : "/");
  // Maildir++ cannot hold a dot in a name; real folders can.
  const layout = kind === "maildir" && separator === "/" ? ":LAYOUT=fs" : "";
  const specialUse = Object.entries(options.specialUse ?? {});
  return [
    `mail_location = ${kind}:~/mail${layout}`,
    "mail_fsync = never",
    `mail_home = ${join(places.folder, "mail")}/%u`,
    "namespace inbox {",
    "  inbox = yes",
    `  separator = ${separator}`,
    `  prefix = ${options.prefix ?? ""}`,
    ...specialUse.map(([name, use]) => `  mailbox "${name}" {\n    special_use = ${use}\n  }`),
    "}",
  ];
}

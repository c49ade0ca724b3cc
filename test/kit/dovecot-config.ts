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
  /** Folder name → its special use, such as `\Sent`; the folders come into being when somebody makes them, … */
  readonly specialUse?: Readonly<Record<string, string>>;
  /** … or are there from the first login on; default false. */
  readonly autoCreate?: boolean;
  /** Seconds that a refused login waits; default 0. */
  readonly authFailureDelay?: number;
  /** Use this passwd-file instead of an own one: the one that imbarco writes. */
  readonly passwdFile?: string;
  /** Believe the client addresses that a proxy on loopback tells, as a target should; default true with a `passwdFile`. */
  readonly trustProxy?: boolean;
  /** Offer COMPRESS=DEFLATE; default false. */
  readonly compress?: boolean;
  /** Run a POP3 server; default false. */
  readonly pop3?: boolean;
  /** Run a submission server that hands its mail to an SMTP server on this port of loopback. */
  readonly submission?: { readonly relayPort: number };
  /** Run a ManageSieve server; default false. */
  readonly sieve?: boolean;
  /** More lines for the end of the configuration file. */
  readonly config?: string;
}

/** How mail is laid out when the options do not say. */
export function mailLayout(options: DovecotOptions): {
  kind: "maildir" | "mdbox" | "sdbox";
  separator: "." | "/";
  realFolders: boolean;
} {
  const kind = options.mail ?? "maildir";
  const separator = options.separator ?? (kind === "maildir" ? "." : "/");
  // Maildir++ cannot hold a dot in a name; real folders can.
  return { kind, separator, realFolders: kind === "maildir" && separator === "/" };
}

/** Whether to believe what a proxy tells of its clients. */
export function trustsProxy(options: DovecotOptions): boolean {
  return options.trustProxy ?? options.passwdFile !== undefined;
}

/** Where the parts of one running Dovecot are. */
export interface DovecotPlaces {
  readonly folder: string;
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly pop3Ports: { readonly clear: number; readonly implicit: number };
  readonly submissionPorts: { readonly clear: number; readonly implicit: number };
  readonly sievePorts: { readonly clear: number; readonly implicit: number };
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

/** Lines that mean the same in every version. */
export function commonLines(places: DovecotPlaces): string[] {
  return [
    ...ownerLines(),
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

import { join } from "node:path";
import {
  commonLines,
  type DovecotOptions,
  type DovecotPlaces,
  MAIL_UID,
  mailLayout,
  runsAsRoot,
  trustsProxy,
} from "./dovecot-config.ts";
import { pop3Lines } from "./dovecot-pop3.ts";
import { sieveLines } from "./dovecot-sieve.ts";
import { submissionLines } from "./dovecot-submission.ts";

/** The configuration file in the language of Dovecot 2.3. */
export function dovecotConfig23(options: DovecotOptions, places: DovecotPlaces): string {
  return [
    ...commonLines(places),
    ...listenerLines(options, places),
    ...authLines(options, places),
    ...mailLines(options, places),
    ...(options.compress ? ["protocol imap {\n  mail_plugins = zlib imap_zlib\n}"] : []),
    ...pop3Lines(options, places, "2.3"),
    ...submissionLines(options, places, "2.3"),
    ...sieveLines(options, places, "2.3"),
    options.config ?? "",
    "",
  ].join("\n");
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
    ...(trustsProxy(options) ? ["login_trusted_networks = 127.0.0.0/8"] : []),
    ...(options.masterUser ? masterLines(places) : []),
    `passdb {\n  driver = passwd-file\n  args = scheme=CRYPT username_format=%u ${places.passwdFile}\n}`,
    "userdb {",
    "  driver = passwd-file",
    `  args = username_format=%u ${places.passwdFile}`,
    `  default_fields = ${owner}home=${join(places.folder, "mail")}/%u`,
    "}",
  ];
}

/** `continue`: the account is looked up too, so that a missing one is refused instead of served from nowhere. */
function masterLines(places: DovecotPlaces): string[] {
  return [
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
  const { kind, separator, realFolders } = mailLayout(options);
  const layout = realFolders ? ":LAYOUT=fs" : "";
  const specialUse = Object.entries(options.specialUse ?? {});
  const auto = options.autoCreate ? "create" : "no";
  return [
    `mail_location = ${kind}:~/mail${layout}`,
    "mail_fsync = never",
    `mail_home = ${join(places.folder, "mail")}/%u`,
    "namespace inbox {",
    "  inbox = yes",
    `  separator = ${separator}`,
    `  prefix = ${options.prefix ?? ""}`,
    ...specialUse.map(
      ([name, use]) => `  mailbox "${name}" {
    special_use = ${use}
    auto = ${auto}
  }`,
    ),
    "}",
  ];
}

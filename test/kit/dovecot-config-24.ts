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

/** The configuration file in the language of Dovecot 2.4. */
export function dovecotConfig24(options: DovecotOptions, places: DovecotPlaces): string {
  return [
    // These must come first: they say which meaning the lines below have.
    "dovecot_config_version = 2.4.0",
    "dovecot_storage_version = 2.4.0",
    ...commonLines(places),
    ...listenerLines(options, places),
    ...authLines(options, places),
    ...mailLines(options, places),
    ...pop3Lines(options, places, "2.4"),
    ...submissionLines(options, places, "2.4"),
    ...sieveLines(options, places, "2.4"),
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
    "  restart_request_count = unlimited",
    ...(runsAsRoot() ? [] : ["  chroot ="]),
    `  inet_listener imap {\n    port = ${places.imapPort}\n  }`,
    `  inet_listener imaps {\n    port = ${withTls ? places.imapsPort : 0}\n    ssl = yes\n  }`,
    "}",
    ...(withTls
      ? ["ssl = yes", `ssl_server_cert_file = ${tls.certFile}`, `ssl_server_key_file = ${tls.keyFile}`]
      : ["ssl = no", "auth_allow_cleartext = yes"]),
  ];
}

function authLines(options: DovecotOptions, places: DovecotPlaces): string[] {
  const owner = runsAsRoot() ? [`    uid:default = ${MAIL_UID}`, `    gid:default = ${MAIL_UID}`] : [];
  return [
    "auth_mechanisms = plain login",
    "auth_username_chars =",
    `auth_failure_delay = ${options.authFailureDelay ?? 0} secs`,
    // All tests come from one address: the growing delay after refused logins would slow down the others.
    "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}",
    ...(trustsProxy(options) ? ["login_trusted_networks = 127.0.0.0/8"] : []),
    ...(options.masterUser ? masterLines(places) : []),
    `passdb passwd-file {\n  default_password_scheme = crypt\n  passwd_file_path = ${places.passwdFile}\n}`,
    "userdb passwd-file {",
    `  passwd_file_path = ${places.passwdFile}`,
    "  fields {",
    ...owner,
    `    home:default = ${join(places.folder, "mail")}/%{user}`,
    "  }",
    "}",
  ];
}

/** `continue`: the account is looked up too, so that a missing one is refused instead of served from nowhere. */
function masterLines(places: DovecotPlaces): string[] {
  return [
    "auth_master_user_separator = *",
    "passdb master-users {",
    "  driver = passwd-file",
    "  default_password_scheme = plain",
    `  passwd_file_path = ${places.masterFile}`,
    "  master = yes",
    "  result_success = continue",
    "}",
  ];
}

function mailLines(options: DovecotOptions, places: DovecotPlaces): string[] {
  const { kind, separator, realFolders } = mailLayout(options);
  const specialUse = Object.entries(options.specialUse ?? {});
  const auto = options.autoCreate ? "create" : "no";
  return [
    `mail_driver = ${kind}`,
    "mail_path = ~/mail",
    ...(realFolders ? ["mailbox_list_layout = fs"] : []),
    "mail_fsync = never",
    `mail_home = ${join(places.folder, "mail")}/%{user}`,
    "namespace inbox {",
    "  inbox = yes",
    `  separator = ${separator}`,
    `  prefix = ${options.prefix ?? ""}`,
    ...specialUse.map(
      ([name, use]) => `  mailbox "${name}" {\n    special_use = ${use}\n    auto = ${auto}\n  }`,
    ),
    "}",
  ];
}

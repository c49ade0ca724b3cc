import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { fileFault } from "../config/files.ts";
import { printable } from "../kit/text.ts";
import { type Endpoint, isPinned } from "../model/endpoint.ts";
import { parseFingerprint } from "../model/fingerprint.ts";
import { CliError, type Output } from "./output.ts";

/** What `domain add` and `domain set` say of the source's certificate and TLS. */
export interface TrustOptions {
  /** A file; false = back to the machine's authorities. */
  readonly sourceCa?: string | false;
  /** `none` = back to authorities and names. */
  readonly sourceFingerprint?: readonly string[];
  readonly sourceWeakTls?: boolean;
  readonly acceptAnyCertificate?: boolean;
}

type Trust = Pick<Endpoint, "ca" | "verify"> & Required<Pick<Endpoint, "fingerprints" | "weakTls">>;

const FINGERPRINT_HELP =
  'believe this certificate and no other, whatever its name, dates and issuer; SHA-256, as "openssl x509 -fingerprint -sha256" prints it; several times for several, "none" to forget them';

/** Adds the options that say which certificates of a source are believed, and how weak its TLS may be. */
export function withTrustOptions(command: Command): Command {
  return command
    .option("--source-ca <file>", "PEM file with the authorities that may vouch for the source's certificate")
    .option(
      "--source-fingerprint <fingerprint>",
      FINGERPRINT_HELP,
      (text: string, given: string[] | undefined) => [...(given ?? []), text],
    )
    .option("--accept-any-certificate", "do not check the source's certificate at all (it may be anybody)")
    .option(
      "--source-weak-tls",
      "allow TLS 1.0 and 1.1, old ciphers and small keys, for this source and nothing else",
    );
}

/** Adds the options that take the others back. */
export function withoutTrustOptions(command: Command): Command {
  return command
    .option("--no-source-ca", "believe the machine's authorities again")
    .option("--no-accept-any-certificate", "check the source's certificate again")
    .option("--no-source-weak-tls", "want TLS 1.2 and strong keys again");
}

/**
 * What the options say, on top of what held before. The last word counts: a fingerprint ends "any", and authorities or "any" end the fingerprints.
 * @throws {CliError} for what is no certificate or fingerprint, or for two ways at once
 */
export function trustOf(options: TrustOptions, present: Endpoint | null): Trust {
  const { sourceFingerprint, sourceCa, acceptAnyCertificate } = options;
  const given = sourceFingerprint === undefined ? null : fingerprintsOf(sourceFingerprint);
  const isOtherWay = acceptAnyCertificate === true || typeof sourceCa === "string";
  if (given !== null && given.length > 0 && isOtherWay)
    throw new CliError(
      "usage",
      "--source-fingerprint believes one certificate alone: leave --source-ca and --accept-any-certificate out",
      { exitStatus: 2 },
    );
  const fingerprints = given ?? (isOtherWay ? [] : (present?.fingerprints ?? []));
  const acceptAny = acceptAnyCertificate ?? (present ? !present.verify : false);
  return {
    ca: sourceCa === undefined ? (present?.ca ?? null) : authoritiesOf(sourceCa),
    verify: fingerprints.length > 0 || !acceptAny,
    fingerprints,
    weakTls: options.sourceWeakTls ?? present?.weakTls ?? false,
  };
}

/** Says what a source without full protection means. */
export function warnOfSource(out: Output, source: Endpoint): void {
  for (const text of sourceWarnings(source)) out.note(out.colour("yellow", `Warning: ${text}`));
}

/** Why the connection to a source is not as safe as it should be, a sentence each. */
function sourceWarnings(source: Endpoint): string[] {
  const { host } = source;
  if (source.tls === "none")
    return [
      `passwords and mail travel in clear between imbarco and ${host}; --tls none is for a network that nobody else can read.`,
    ];
  return [
    ...(source.verify || isPinned(source)
      ? []
      : [
          `any certificate is accepted for ${host}, so whoever stands in between can read all passwords; --source-ca and --source-fingerprint are the safe ways.`,
        ]),
    ...(source.weakTls === true
      ? [
          `old versions of TLS, old ciphers and small keys are allowed toward ${host}, so somebody with means may read passwords and mail on the way; nothing else of imbarco is weaker for it.`,
        ]
      : []),
  ];
}

/** Which certificates of a source are believed, for a person. */
export function certificateText(source: Endpoint): string {
  if (source.tls === "none") return "none: the connection is in clear";
  if (isPinned(source)) return `only the one with the fingerprint ${source.fingerprints?.join(" or ")}`;
  if (!source.verify) return "not checked: any is accepted";
  return source.ca === null
    ? "checked against this machine's authorities"
    : "checked against the authorities given with --source-ca";
}

function fingerprintsOf(texts: readonly string[]): string[] {
  if (texts.length === 1 && texts[0]?.toLowerCase() === "none") return [];
  const fingerprints = texts.map((text) => {
    const fingerprint = parseFingerprint(text);
    if (fingerprint === null)
      throw new CliError("usage", `"${printable(text)}" is not the SHA-256 fingerprint of a certificate`, {
        exitStatus: 2,
        hint: 'It has 64 hexadecimal digits, with or without colons, such as "openssl x509 -noout -fingerprint -sha256" prints.',
      });
    return fingerprint;
  });
  return [...new Set(fingerprints)];
}

/** Read now and kept in the store: the copier may run on another machine, and the file may go. */
function authoritiesOf(file: string | false): string | null {
  if (file === false) return null;
  const hint = "It must be a text file with one or more blocks that begin with -----BEGIN CERTIFICATE-----.";
  try {
    const pem = readFileSync(file, "utf8");
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error("it holds no certificate");
    for (const block of blocks) new X509Certificate(block).toJSON();
    return `${blocks.join("\n")}\n`;
  } catch (error) {
    const isUnread = error instanceof Error && "syscall" in error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = isUnread
      ? fileFault(file, error as NodeJS.ErrnoException)
      : `the authorities in ${file} cannot be used: ${reason}`;
    throw new CliError("usage", message, { exitStatus: 2, hint: isUnread ? null : hint, cause: error });
  }
}

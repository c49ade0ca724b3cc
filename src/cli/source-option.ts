import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { domainToASCII } from "node:url";
import { type Command, Option } from "commander";
import { printable } from "../kit/text.ts";
import type { Endpoint, TlsMode } from "../model/endpoint.ts";
import { CliError, type Output } from "./output.ts";

/** How `domain add` and `domain set` describe the source. */
export interface SourceOptions {
  readonly source?: string;
  readonly tls?: TlsMode;
  /** A file; false = back to the machine's authorities. */
  readonly sourceCa?: string | false;
  readonly acceptAnyCertificate?: boolean;
}

const DEFAULT_PORTS: Readonly<Record<TlsMode, number>> = { starttls: 143, none: 143, implicit: 993 };
const WITH_BRACKETS = /^\[(?<host>[0-9a-f:.]+)\](?::(?<port>\d{1,5}))?$/i;
const BARE_IPV6 = /^(?<host>[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)$/i;
const WITH_NAME = /^(?<host>[^\s:/[\]@]+)(?::(?<port>\d{1,5}))?$/;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?$/;

/** Adds the options that describe a source. */
export function withSourceOptions(command: Command): Command {
  const modes: TlsMode[] = ["starttls", "implicit", "none"];
  return command
    .addOption(new Option("--tls <mode>", "protection of the connection to the source").choices(modes))
    .option("--source-ca <file>", "PEM file with the authorities that may vouch for the source's certificate")
    .option("--accept-any-certificate", "do not check the source's certificate at all (it may be anybody)");
}

/**
 * The source that the options describe, on top of the present one.
 * @throws {CliError} for what is no host, port or certificate
 */
export function endpointOf(options: SourceOptions, present: Endpoint | null): Endpoint {
  const tls = options.tls ?? present?.tls ?? "starttls";
  const place = placeOf(options, present, tls);
  const ca = options.sourceCa === undefined ? (present?.ca ?? null) : authoritiesOf(options.sourceCa);
  const acceptAny = options.acceptAnyCertificate ?? (present ? !present.verify : false);
  return { ...place, tls, ca, verify: !acceptAny };
}

/** Says what a source without full protection means. */
export function warnOfSource(out: Output, source: Endpoint): void {
  if (source.tls === "none")
    out.note(
      out.colour(
        "yellow",
        `Warning: passwords and mail travel in clear between imbarco and ${source.host}; --tls none is for a network that nobody else can read.`,
      ),
    );
  else if (!source.verify)
    out.note(
      out.colour(
        "yellow",
        `Warning: any certificate is accepted for ${source.host}, so whoever stands in between can read all passwords; --source-ca is the safe way.`,
      ),
    );
}

function placeOf(
  { source }: SourceOptions,
  present: Endpoint | null,
  tls: TlsMode,
): { host: string; port: number } {
  if (source !== undefined) return parsePlace(source, DEFAULT_PORTS[tls]);
  if (present === null)
    throw new CliError("usage", "a source is needed: --source HOST[:PORT]", { exitStatus: 2 });
  // A port that was only the other mode's default moves with the mode.
  const isDefault = present.port === DEFAULT_PORTS[present.tls];
  return { host: present.host, port: isDefault ? DEFAULT_PORTS[tls] : present.port };
}

function parsePlace(text: string, defaultPort: number): { host: string; port: number } {
  const trimmed = text.trim();
  const address = WITH_BRACKETS.exec(trimmed)?.groups ?? BARE_IPV6.exec(trimmed)?.groups;
  const named = address ?? WITH_NAME.exec(trimmed)?.groups;
  const host = address ? (address["host"] ?? "").toLowerCase() : domainToASCII(named?.["host"] ?? "");
  const port = Number(named?.["port"] ?? defaultPort);
  if (named === undefined || (!address && !HOST_NAME.test(host)) || port < 1 || port > 65_535)
    throw new CliError(
      "usage",
      `"${printable(text)}" is not a source such as mail.example.org or mail.example.org:993`,
      {
        exitStatus: 2,
      },
    );
  return { host, port };
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError("usage", `the authorities in ${file} cannot be used: ${reason}`, {
      exitStatus: 2,
      hint,
      cause: error,
    });
  }
}

import { domainToASCII } from "node:url";
import { type Command, Option } from "commander";
import { printable } from "../kit/text.ts";
import type { Endpoint, TlsMode } from "../model/endpoint.ts";
import { CliError } from "./output.ts";
import { type TrustOptions, trustOf, withTrustOptions } from "./source-trust.ts";

/** How `domain add` and `domain set` describe the source. */
export interface SourceOptions extends TrustOptions {
  readonly source?: string;
  readonly tls?: TlsMode;
}

const DEFAULT_PORTS: Readonly<Record<TlsMode, number>> = { starttls: 143, none: 143, implicit: 993 };
const WITH_BRACKETS = /^\[(?<host>[0-9a-f:.]+)\](?::(?<port>\d{1,5}))?$/i;
const BARE_IPV6 = /^(?<host>[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)$/i;
const WITH_NAME = /^(?<host>[^\s:/[\]@]+)(?::(?<port>\d{1,5}))?$/;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?$/;

/** Adds the options that describe a source. */
export function withSourceOptions(command: Command): Command {
  const modes: TlsMode[] = ["starttls", "implicit", "none"];
  return withTrustOptions(
    command.addOption(
      new Option(
        "--tls <mode>",
        "protection of the connection to the source (a new domain: starttls)",
      ).choices(modes),
    ),
  );
}

/**
 * The source that the options describe, on top of the present one.
 * @throws {CliError} for what is no host, port or certificate
 */
export function endpointOf(options: SourceOptions, present: Endpoint | null): Endpoint {
  const tls = options.tls ?? present?.tls ?? "starttls";
  return { ...placeOf(options, present, tls), tls, ...trustOf(options, present) };
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

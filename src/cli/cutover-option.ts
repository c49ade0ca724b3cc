import type { Command } from "commander";
import { AddressError, parseDomainName } from "../model/address.ts";
import type { Cutover } from "../model/domain.ts";
import { CliError } from "./output.ts";

/** The DNS records that a domain shall have at the end. */
export interface CutoverOptions {
  readonly cutoverMx?: readonly string[];
  readonly cutoverTxt?: readonly string[];
}

const MX = /^(?<host>[^=\s]+?)\.?(?:=(?<priority>\d{1,5}))?$/;
const DEFAULT_PRIORITY = 10;

/** Adds the options for the records. */
export function withCutoverOptions(command: Command): Command {
  return command
    .option(
      "--cutover-mx <host=priority>",
      "an MX record to have at the end; may be repeated, replaces those set before",
      collected,
    )
    .option(
      "--cutover-txt <text>",
      "a TXT record to have at the end; may be repeated, replaces those set before",
      collected,
    );
}

/**
 * The records that the options name; a kind that none names stays as it is.
 * @throws {CliError} for what is no record
 */
export function cutoverOf(options: CutoverOptions, present: Cutover): Cutover {
  return {
    mx: options.cutoverMx?.map(mxOf) ?? present.mx,
    txt: options.cutoverTxt?.map(txtOf) ?? present.txt,
  };
}

function mxOf(text: string): Cutover["mx"][number] {
  const { host, priority } = MX.exec(text.trim())?.groups ?? {};
  const number = Number(priority ?? DEFAULT_PRIORITY);
  try {
    // RFC 1035 §3.3.9: the preference has 16 bits.
    if (host !== undefined && number <= 65_535) return { priority: number, host: parseDomainName(host) };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
  }
  throw new CliError("usage", `"${text}" is not an MX record such as mx1.example.org=10`, { exitStatus: 2 });
}

function txtOf(text: string): string {
  if (text.trim() === "" || /\p{Cc}/u.test(text))
    throw new CliError("usage", "a TXT record must have a text without control characters", {
      exitStatus: 2,
    });
  return text;
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

import { LIMITS } from "../limits.ts";
import { type LineCommandEvent, LineCommandReader } from "../line-command-reader.ts";
import { type ParsedCommand, parseCommand } from "./command.ts";

/** What a submission client said. */
export type ReaderEvent = LineCommandEvent<ParsedCommand>;

/** Reads what a submission client says. */
export function commandReader(): LineCommandReader<ParsedCommand> {
  return new LineCommandReader(LIMITS.smtpLineOctets, parseCommand);
}

import { LIMITS } from "../limits.ts";
import { type LineCommandEvent, LineCommandReader } from "../line-command-reader.ts";
import { type ParsedCommand, parseCommand } from "./command.ts";

/** What a POP3 client said. */
export type ReaderEvent = LineCommandEvent<ParsedCommand>;

/** Reads what a POP3 client says. RFC 2449 §4 ends a command at 255 octets, RFC 5034 §4 lets the answers of AUTH be longer: one bound for both. */
export function commandReader(): LineCommandReader<ParsedCommand> {
  return new LineCommandReader(LIMITS.lineOctets, parseCommand);
}

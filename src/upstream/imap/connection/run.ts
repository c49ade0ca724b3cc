import { printable } from "../../../kit/text.ts";
import type { Tagged } from "../../../wire/imap/response.ts";
import { isTemporary, peerName, protocolFault, quote, sentAway } from "../../failures.ts";
import { CommandRefusedError } from "../refusal.ts";
import type { ImapConnection } from "./connection.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Expecting } from "./pending-command.ts";

/**
 * Sends a command and waits for its OK.
 * @throws {CommandRefusedError} when the server says NO to what was asked for
 * @throws {Failure} `-unreachable` or `-limit` when it says "not now", `-protocol` when it does not understand
 */
export async function run(
  connection: ImapConnection,
  outgoing: Outgoing,
  expecting: Expecting = {},
): Promise<Tagged> {
  const answer = await connection.send(outgoing, expecting).done;
  if (answer.status === "OK") return answer;
  throw refusalOf(connection, outgoing.name, answer);
}

/** What an answer other than OK means. */
export function refusalOf(connection: ImapConnection, name: string, answer: Tagged): Error {
  if (answer.status === "BAD")
    return protocolFault(connection, `does not understand ${name}: ${quote(answer)}`);
  if (isTemporary(answer)) return sentAway(connection, `cannot do ${name} at present`, answer);
  return new CommandRefusedError(`${peerName(connection)} refused ${name}: ${quote(answer)}`, {
    code: answer.code?.name ?? null,
    text: printable(answer.text),
  });
}

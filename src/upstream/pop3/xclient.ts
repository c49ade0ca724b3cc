import type { LineConnection } from "../line-connection.ts";
import type { Origin } from "../origin.ts";
import { readReply } from "./reply.ts";

/**
 * Tells a Dovecot for whom we come, in the words of its own proxy. A server that will not hear it loses a detail in its logs.
 * @throws {Failure} `-unreachable`, `-protocol`
 */
export async function tellXclient(connection: LineConnection, origin: Origin): Promise<void> {
  connection.send(`${xclientCommand(origin)}\r\n`);
  await readReply(connection, "the answer to XCLIENT");
}

/** The command. None of the values has a space in it; proxies that point at each other come to an end when TTL is 0. */
export function xclientCommand({ address, port, session, hops }: Origin): string {
  return `XCLIENT ADDR=${address} PORT=${port} SESSION=${session} TTL=${hops}`;
}

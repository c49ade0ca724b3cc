import type { LineConnection } from "../line-connection.ts";
import type { Origin } from "../origin.ts";
import { ask, type Reply, unwelcome } from "./reply.ts";

/** Postfix bounds a command as RFC 5321 §4.5.3.1.4 does, CRLF included. */
const COMMAND_OCTETS = 512;

/**
 * Tells the server for whom we come (Postfix's XCLIENT), as far as it wants to know. A server that has believed it begins anew: it must be greeted again.
 * @param wanted the attributes that the server takes, in upper case
 * @returns whether it has believed it
 * @throws {Failure} `-unreachable`, `-limit`, `-protocol`
 */
export async function tellXclient(
  connection: LineConnection,
  wanted: readonly string[],
  origin: Origin,
): Promise<boolean> {
  const command = xclientCommand(wanted, origin);
  if (command === null) return false;
  const reply: Reply = await ask(connection, command, "the answer to XCLIENT");
  // Postfix greets anew; a 4xx is about the connection, and a 5xx costs a detail in the logs.
  if (reply.code >= 400 && reply.code < 500)
    throw connection.fail(unwelcome(connection, "turned the client away", reply));
  return reply.code < 400;
}

/** The command, or `null` where the server takes nothing that we can say. */
export function xclientCommand(wanted: readonly string[], origin: Origin): string | null {
  const { address, port, session, hops, hello } = origin;
  // LOGIN is left out: with it Postfix takes the client for logged in, and refuses the AUTH that follows.
  const values: readonly (readonly [string, string])[] = [
    ["ADDR", address.includes(":") ? `IPV6:${address}` : address],
    // Without it Postfix would go on with the name of our address.
    ["NAME", "[UNAVAILABLE]"],
    ["PORT", String(port)],
    ["PROTO", "ESMTP"],
    ["SESSION", session],
    // Proxies that point at each other come to an end when it is 0.
    ["TTL", String(hops)],
    // Last, since it is the long one that may have no place; EHLO says it again.
    ["HELO", hello ?? ""],
  ];
  let command = "XCLIENT";
  for (const [attribute, value] of values) {
    const piece = ` ${attribute}=${xtext(value)}`;
    const isMeant = value !== "" && wanted.includes(attribute);
    if (isMeant && command.length + piece.length + 2 <= COMMAND_OCTETS) command += piece;
  }
  return command === "XCLIENT" ? null : command;
}

/** RFC 3461 §4: what is not printable ASCII, and `+` and `=`, as `+` and two digits. */
function xtext(text: string): string {
  return text.replace(
    /[^!-~]|[+=]/g,
    (sign) => `+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

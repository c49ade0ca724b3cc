import type { LineConnection } from "../line-connection.ts";
import type { SieveCapabilities } from "./capabilities.ts";
import { type Reply, readReply } from "./reply.ts";

/** How long an answer may be due before the server is reminded; the wait doubles each time. An answer takes a few milliseconds, one to a login up to some seconds. */
const REMIND_AFTER_MS = 100;

/**
 * Reads the answer to what was sent last, one line, from a server that may not have heard it. Pigeonhole before 2.4 (commit 398501d3 there) waits for its socket and not for
 * the TLS above it: with TLS from the first byte, a command that arrives while it still writes the answer before lies unread until more octets come. So it gets a NOOP
 * (RFC 5804 §2.13), whose answer is read too: whoever goes on finds the connection in step.
 * @param limitMs longest time for all of it; the greeting's where none is given
 * @throws {Failure} as `readReply`
 */
export async function readReplyReminding(
  connection: LineConnection,
  capabilities: SieveCapabilities,
  what: string,
  limitMs?: number,
): Promise<Reply> {
  if (!mayNotHear(connection, capabilities)) return readReply(connection, what, 0, limitMs);
  let noopsDue = 0;
  let waitMs = REMIND_AFTER_MS;
  const remind = () => {
    connection.sendFurther("NOOP\r\n");
    noopsDue += 1;
    waitMs *= 2;
    timer = setTimeout(remind, waitMs);
  };
  let timer = setTimeout(remind, waitMs);
  try {
    const reply = await readReply(connection, what, 0, limitMs);
    if (reply.status === "BYE") return reply;
    for (; noopsDue > 0; noopsDue -= 1) await readReply(connection, "the answer to NOOP", 0, limitMs);
    return reply;
  } finally {
    clearTimeout(timer);
  }
}

/** Other servers are not reminded: what one of them does with octets behind AUTHENTICATE is its own affair. XCLIENT is offered by Dovecot alone. */
function mayNotHear({ endpoint }: LineConnection, capabilities: SieveCapabilities): boolean {
  const isPigeonhole =
    /pigeonhole/i.test(capabilities.valueOf("IMPLEMENTATION") ?? "") ||
    capabilities.valueOf("XCLIENT") !== undefined;
  return endpoint.tls === "implicit" && isPigeonhole;
}

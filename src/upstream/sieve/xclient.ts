import type { LineConnection } from "../line-connection.ts";
import type { Origin } from "../origin.ts";
import type { SieveCapabilities } from "./capabilities.ts";
import { readReplyReminding } from "./unheard.ts";

/**
 * Tells the server for whom we come: `XCLIENT ADDR=… PORT=… SESSION=… TTL=…` in bare words, as Dovecot's managesieve-login takes it from networks that it trusts. A server
 * that will not hear it loses a detail in its logs; one that is gone shows at the login.
 */
export async function tellXclient(
  connection: LineConnection,
  capabilities: SieveCapabilities,
  origin: Origin,
): Promise<void> {
  const address = /^[0-9a-fA-F:.]+$/.test(origin.address)
    ? ` ADDR=${origin.address} PORT=${origin.port}`
    : "";
  const command = `XCLIENT${address} SESSION=${origin.session} TTL=${origin.hops}`;
  connection.send(`${command}\r\n`);
  await readReplyReminding(connection, capabilities, "the answer to XCLIENT");
}

import type { Log } from "../log/log.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import type { Origin } from "./origin.ts";
import { askPop3Offers } from "./pop3/open.ts";
import { askSieveOffers } from "./sieve/open.ts";
import { askSmtpOffers } from "./smtp/open.ts";

/**
 * What a server of the target offers before a login, a line each, asked under the protection that it has for clients. That it answers at all, is protected and is no imbarco
 * shows as well.
 * @param deps `hostname`: ours, for EHLO
 * @param protocol any but IMAP, whose server says it with the login
 * @param origin who a PROXY header says is there, where the server expects one; by default we ourselves
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; the signal's reason when it aborts
 */
export function askOffers(
  { log, hostname }: { readonly log: Log; readonly hostname: string },
  protocol: Exclude<ProtocolName, "imap">,
  endpoint: Endpoint,
  signal: AbortSignal,
  origin?: Origin,
): Promise<readonly string[]> {
  const options = { signal, origin };
  switch (protocol) {
    case "pop3":
      return askPop3Offers({ log }, endpoint, options);
    case "submission":
      return askSmtpOffers({ log }, endpoint, hostname, options);
    case "sieve":
      return askSieveOffers({ log }, endpoint, options);
  }
}

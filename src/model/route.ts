import type { Account } from "./account.ts";
import { type Domain, sourceMayBeAsked } from "./domain.ts";
import type { ProtocolName } from "./protocol.ts";

/** Where a session leads: to the old server, to the new one, or nowhere until the first copy is complete. */
export type Route = "source" | "target" | "later";

/**
 * Where the sessions of an account lead that log in now. Those that are open stay where they are.
 *
 * Under `source-until-synced` a user reads the mail where all of it is. Mail is sent, and filters are kept, on the new platform from the first login on: neither
 * has anything to do with what is copied. POP3 has to wait: the new server's UIDLs (RFC 1939 §7) are others, so a program that was let in at the old server would
 * fetch the whole mailbox a second time after the change.
 */
export function routeOf(
  domain: Pick<Domain, "serve" | "state">,
  account: Pick<Account, "syncedAt" | "state">,
  protocol: ProtocolName,
): Route {
  if (domain.serve === "target" || account.syncedAt !== null) return "target";
  // Nobody is led to a server that is never contacted again.
  if (!sourceMayBeAsked(domain) || account.state === "finalized") return "target";
  switch (protocol) {
    case "imap":
      return "source";
    case "pop3":
      return "later";
    case "submission":
    case "sieve":
      return "target";
  }
}

import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { type Endpoint, endpointName, isPinned } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { askOffers } from "../upstream/ask-offers.ts";
import type { Origin } from "../upstream/origin.ts";
import type { Report } from "./finding.ts";
import { isLoopback, ownListenerAt } from "./own-listener.ts";

interface ServiceDeps {
  readonly config: Config;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Who a PROXY header says is there (RFC 5737 §3): clients come from elsewhere and by TLS, and a server may take no password in clear from there. */
export const CHECKING_CLIENT: Origin = {
  address: "192.0.2.251",
  port: 1,
  session: "check",
  hops: 1,
  hello: null,
  tls: () => ({ version: "TLSv1.3", cipher: null }),
};

type Service = Exclude<ProtocolName, "imap">;

/** The target's servers that may be there beside IMAP. */
export const SERVICES: readonly Service[] = ["pop3", "submission", "sieve"];

/** Whether one of them answers, is protected, takes passwords, and is not imbarco itself. Says nothing where the configuration names none. */
export async function checkService(deps: ServiceDeps, protocol: Service, report: Report): Promise<void> {
  const endpoint = deps.config.target[protocol];
  if (endpoint === null) return;
  const name = endpointName(endpoint);
  const own = await ownListenerAt(deps.config.listeners, endpoint.host, endpoint.port);
  if (own !== null) {
    report.fail(
      name,
      `this is imbarco's own listener ${endpointName(own.listen)}: logins would go round in circles`,
    );
    return;
  }
  try {
    const { config, log, signal } = deps;
    const offers = await askOffers(
      { log, hostname: config.hostname },
      protocol,
      endpoint,
      signal,
      CHECKING_CLIENT,
    );
    if (!takesPasswords(protocol, offers))
      report.fail(
        name,
        endpoint.tls === "none"
          ? `offers neither AUTH PLAIN nor AUTH LOGIN: nobody could log in there; where it wants TLS first, set target.${protocol}.tls to starttls or implicit`
          : "offers neither AUTH PLAIN nor AUTH LOGIN: nobody could log in there",
      );
    else if (endpoint.tls === "none" && !isLoopback(endpoint.host))
      report.warn(
        name,
        `passwords travel there in clear: set target.${protocol}.tls to starttls or implicit`,
      );
    else if (endpoint.tls !== "none" && !endpoint.verify && !isPinned(endpoint))
      report.warn(
        name,
        `its certificate is not verified: set target.${protocol}.caFile or fingerprint instead`,
      );
    else report.ok(name, "answers");
  } catch (error) {
    report.fail(name, faultOf(endpoint, error));
  }
}

/** How each of them says that a password may be sent now. */
const PASSWORD_OFFERS: Readonly<Record<Service, RegExp>> = {
  pop3: /^(?:USER|SASL .*\b(?:PLAIN|LOGIN)\b)/i,
  submission: /^AUTH[ =].*\b(?:PLAIN|LOGIN)\b/i,
  sieve: /^"SASL" ".*\b(?:PLAIN|LOGIN)\b/i,
};

/** A POP3 server that does not say at all what it can do has `USER` (RFC 2449 §5). */
function takesPasswords(protocol: Service, offers: readonly string[]): boolean {
  const isSilent = protocol === "pop3" && offers.length === 0;
  return isSilent || offers.some((line) => PASSWORD_OFFERS[protocol].test(line));
}

/** What is wrong with a server. One that expects no PROXY header answers it with complaints, which say nothing of the cause. */
export function faultOf({ clientAddress }: Endpoint, error: unknown): string {
  const { message } = error as Error;
  return clientAddress === "proxy" && error instanceof Failure && error.kind !== "target-unreachable"
    ? `${message}; does it expect the PROXY header that clientAddress: proxy sends?`
    : message;
}

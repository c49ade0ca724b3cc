import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { type Endpoint, endpointName, isPinned } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { askPop3Offers } from "../upstream/pop3/open.ts";
import { askSieveOffers } from "../upstream/sieve/open.ts";
import { askSmtpOffers } from "../upstream/smtp/open.ts";
import type { Report } from "./finding.ts";
import { isLoopback, ownListenerAt } from "./own-listener.ts";

interface ServiceDeps {
  readonly config: Config;
  readonly log: Log;
  readonly signal: AbortSignal;
}

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
    const offers = await ask(deps, protocol, endpoint);
    if (protocol === "submission" && !offers.some((line) => /^AUTH[ =].*\b(?:PLAIN|LOGIN)\b/i.test(line)))
      report.fail(name, "offers neither AUTH PLAIN nor AUTH LOGIN: nobody could log in there to send");
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
    report.fail(name, (error as Error).message);
  }
}

function ask(
  { config, log, signal }: ServiceDeps,
  protocol: Service,
  endpoint: Endpoint,
): Promise<readonly string[]> {
  switch (protocol) {
    case "pop3":
      return askPop3Offers({ log }, endpoint, { signal });
    case "submission":
      return askSmtpOffers({ log }, endpoint, config.hostname, { signal });
    case "sieve":
      return askSieveOffers({ log }, endpoint, { signal });
  }
}

import { sleep } from "../kit/deadline.ts";
import { domainOf } from "../model/address.ts";
import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { logOut } from "../upstream/imap/logout.ts";
import { openImap } from "../upstream/open.ts";
import type { LoginRequest } from "./deps.ts";
import { addressTyped } from "./identify.ts";
import type { LoginParts } from "./parts.ts";

/**
 * The failure for a name that nobody has, or a password that is none, at the time when an account's wrong password would have been refused.
 * While the server is down that decides in the domain, an account hears that instead, so such a name hears it too.
 */
export async function nobody(parts: LoginParts, request: LoginRequest, began: number): Promise<Failure> {
  const address = addressTyped(request.user);
  const domain = address === undefined ? undefined : await parts.deps.store.domains.get(domainOf(address));
  const name = nameOf(request);
  const { refusals, outages, limits } = parts;
  if (request.password.length === 0) {
    // The same for all names: no server is asked, whoever has the name.
    await waitUntil(began + (refusals.draw(null, name) ?? limits.firstRefusalMs));
    return new Failure("wrong-password", "the password was empty");
  }
  const outage = domain && (await outageOf(parts, domain));
  if (outage) {
    await waitUntil(began + (outages.draw(domain.name, name) ?? 0));
    return outage;
  }
  await waitUntil(began + (refusals.draw(domain?.name ?? null, name) ?? limits.firstRefusalMs));
  return new Failure("unknown-account", "there is no account of the name given");
}

/** However it was typed: who tries a name in capitals must not see it treated as another one. */
export function nameOf({ user }: LoginRequest): string {
  return addressTyped(user) ?? user.toString("latin1");
}

/** Why the server is down that decides: a first login asks the source; once the domain is finalized only the target knows better than we. */
function outageOf(parts: LoginParts, domain: Domain): Promise<Failure | null> {
  const side = sourceMayBeAsked(domain) ? "source" : "target";
  const endpoint = side === "source" ? domain.source : parts.deps.target.imap;
  const contact = async () => {
    const connection = await openImap({ log: parts.deps.log }, side, endpoint);
    void logOut(connection);
  };
  return parts.standings.outage(`${side} ${endpointName(endpoint)}`, () =>
    side === "source" ? parts.sources.run(endpointName(endpoint), contact) : contact(),
  );
}

async function waitUntil(due: number): Promise<void> {
  const restMs = due - performance.now();
  if (restMs > 0) await sleep(restMs);
}

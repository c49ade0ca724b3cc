import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { endpointName, sourceName } from "../model/endpoint.ts";
import type { Failure } from "../model/failure.ts";
import { logOut } from "../upstream/imap/commands/logout.ts";
import { openImap } from "../upstream/open.ts";
import type { LoginParts } from "./parts.ts";
import { noteReachable, noteUnreachable } from "./source-brakes.ts";

/**
 * Why the source is down that a password in this domain may have to be asked of, or `null`.
 * @param how `try it`: what is known from the last moments does not count
 */
export async function sourceOutage(
  { deps, sources, standings }: LoginParts,
  domain: Domain,
  how: "as known" | "try it",
): Promise<Failure | null> {
  if (!sourceMayBeAsked(domain)) return null;
  const name = endpointName(domain.source);
  const contact = async () => {
    const connection = await openImap({ log: deps.log }, "source", domain.source);
    void logOut(connection);
  };
  const outage = await standings.outage(`source ${name}`, () => sources.run(name, contact), how === "try it");
  if (how === "try it") {
    if (outage === null) await noteReachable(deps, sourceName(domain.source));
    else await noteUnreachable(deps, domain, outage);
  }
  return outage;
}

/**
 * Why the target is down, or `null`. No password is called wrong meanwhile: of accounts that have been captured it would have to be asked, and by what they
 * hear nobody shall tell them from others.
 */
export function targetOutage({ deps, standings }: LoginParts): Promise<Failure | null> {
  const { imap } = deps.target;
  return standings.outage(`target ${endpointName(imap)}`, async () => {
    const connection = await openImap({ log: deps.log }, "target", imap);
    void logOut(connection);
  });
}

import { sleep } from "../kit/deadline.ts";
import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { Attempt } from "./attempt.ts";
import type { LoginRequest } from "./deps.ts";
import { addressTyped } from "./identify.ts";
import { sourceOutage, targetOutage } from "./outages.ts";
import type { LoginParts } from "./parts.ts";
import { countSourceRefusal, sourceLeave, whySpared } from "./source-brakes.ts";

/**
 * The failure for a name that nobody has, at the time when an account's wrong password would have been refused. What keeps the servers from being asked
 * about accounts of the domain, it hears as well.
 * @param began of `performance.now()`
 */
export async function nobody(parts: LoginParts, attempt: Attempt, began: number): Promise<Failure> {
  const { refusals, outages, limits, deps } = parts;
  const domain = attempt.domain === null ? undefined : await deps.store.domains.get(attempt.domain);
  const outage = domain && (await outageOf(parts, domain, attempt));
  if (domain && outage) {
    await waitUntil(began + (outages.draw(domain.name, attempt.name) ?? 0));
    return outage;
  }
  // Before the wait, since it is a part of the time that accounts wait.
  const spared = domain && sourceMayBeAsked(domain) ? await queueAtSource(parts, domain, attempt) : null;
  if (spared !== null) return spared;
  await waitUntil(began + (refusals.draw(domain?.name ?? null, attempt.name) ?? limits.firstRefusalMs));
  return new Failure("unknown-account", "there is no account of the name given");
}

/** The failure for a password that is none: the same for all names, since no server is asked, whoever has the name. */
export async function emptyPassword(
  { refusals, limits }: LoginParts,
  request: LoginRequest,
  began: number,
): Promise<Failure> {
  await waitUntil(began + (refusals.draw(null, nameOf(request)) ?? limits.firstRefusalMs));
  return new Failure("wrong-password", "the password was empty");
}

/** However it was typed: who tries a name in capitals must not see it treated as another one. */
export function nameOf({ user }: LoginRequest): string {
  return addressTyped(user) ?? user.toString("latin1");
}

/** Waits until this moment of `performance.now()`. */
export async function waitUntil(due: number): Promise<void> {
  const restMs = due - performance.now();
  if (restMs > 0) await sleep(restMs);
}

/** Waits for the source among those who ask it and counts as one that it has refused: who comes too late for its bound must not be told from them. */
function queueAtSource(parts: LoginParts, domain: Domain, attempt: Attempt): Promise<Failure | null> {
  return parts.sources.run(endpointName(domain.source), async () => {
    const spared = await whySpared(parts, domain, attempt);
    if (spared === null) await countSourceRefusal(parts.deps, domain);
    return spared;
  });
}

async function outageOf(parts: LoginParts, domain: Domain, attempt: Attempt): Promise<Failure | null> {
  if (sourceMayBeAsked(domain)) {
    const leave = await sourceLeave(parts, domain, attempt);
    if (leave instanceof Failure) return leave;
    const outage = await sourceOutage(parts, domain, leave === "as a try" ? "try it" : "as known");
    if (outage !== null) return outage;
  }
  return targetOutage(parts);
}

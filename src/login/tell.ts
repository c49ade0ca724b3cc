import type { Log } from "../log/log.ts";
import { domainOf } from "../model/address.ts";
import { asFailure, causeChain } from "../model/failure.ts";
import type { Admission, LoginGrant, LoginRequest } from "./deps.ts";
import { addressTyped } from "./identify.ts";

/** The log line of a login that has succeeded. */
export function logGranted(
  log: Log,
  request: LoginRequest,
  { subject, proof }: Admission,
  { servedBy }: Pick<LoginGrant, "servedBy">,
  tookMs: number,
): void {
  log.info(
    { ...wordsOf({ event: "login.ok" }, request), proof, servedBy, ms: Math.round(tookMs) },
    servedBy === undefined
      ? `${subject.account.address} has logged in`
      : `${subject.account.address} has logged in and is served by the source until the first copy is complete`,
  );
}

/** The log line of one that has not: `login.failed` where the client hears "wrong", `login.unavailable` where it may come again. */
export function logRefused(log: Log, request: LoginRequest, error: unknown): void {
  const failure = asFailure(error);
  const event = failure.facts.client === "refused" ? "login.failed" : "login.unavailable";
  log[failure.facts.logLevel](
    { ...wordsOf({ event }, request), reason: failure.kind, causes: causeChain(failure) },
    failure.message,
  );
}

/** A name that is no address is not written down: it may be a password that was typed into the wrong field. */
function wordsOf({ event }: { readonly event: string }, request: LoginRequest) {
  const address = addressTyped(request.user);
  // What is undefined is not written; leaving it out by spreading costs ten times as much.
  return {
    event,
    account: address,
    domain: address === undefined ? undefined : domainOf(address),
    session: request.session,
    protocol: request.protocol,
    client: request.client.address,
    via: request.client.via,
    tls: request.client.tls,
  };
}

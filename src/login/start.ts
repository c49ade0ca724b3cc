import type { Secret } from "../kit/secret.ts";
import { domainOf } from "../model/address.ts";
import { sourceMayBeAsked } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { sourceAccepts } from "./ask.ts";
import { capture, replaceSourcePassword } from "./capture.ts";
import type { LoginDeps, Subject } from "./deps.ts";
import { loginParts } from "./parts.ts";

/**
 * Starts an account whose user has not logged in, with a password that an administrator has: the source is asked, then the
 * password captured as at a first login. Where the user has chosen another password on the target since, that one stays, and
 * the one given is kept for the copier.
 * @throws {Failure} `unknown-account`, `domain-not-open`, `source-auth-failed`, `source-unreachable`, `provision-failed`, …
 */
export async function startAccount(deps: LoginDeps, address: string, password: Secret): Promise<void> {
  const subject = await find(deps, address);
  const parts = loginParts(deps);
  const { source } = subject.domain;
  if (password.length === 0 || !(await sourceAccepts(parts, subject, password)))
    throw new Failure(
      "source-auth-failed",
      `the source ${endpointName(source)} refuses the password given for ${address}`,
    );
  const kept = await deps.store.accounts.getCredentials(address);
  if (kept?.sealedTarget) await replaceSourcePassword(parts, subject, password);
  else await capture(parts, subject, password);
}

async function find(deps: LoginDeps, address: string): Promise<Subject> {
  const account = await deps.store.accounts.get(address);
  const domain = await deps.store.domains.get(domainOf(address));
  if (!account || !domain)
    throw new Failure("unknown-account", `there is no account ${address}: imbarco users add ${address}`);
  if (!sourceMayBeAsked(domain) || account.state === "finalized")
    throw new Failure(
      "domain-not-open",
      `${address} cannot be started: its domain ${domain.name} is ${domain.state}, and must be migrating`,
    );
  return { account, domain };
}

import type { Secret } from "../kit/secret.ts";
import { sourceMayBeAsked } from "../model/domain.ts";
import { Failure } from "../model/failure.ts";
import type { Credentials } from "../store/store.ts";
import { sourceSealContext } from "../vault/seal-context.ts";
import { VaultError } from "../vault/vault-error.ts";
import { matchesVerifier } from "../vault/verifier.ts";
import { sourceAccepts, targetAccepts } from "./ask.ts";
import type { LoginDeps, Proof, Subject } from "./deps.ts";
import type { Origin } from "./open-target.ts";
import type { LoginParts } from "./parts.ts";

/**
 * Finds out whether the password is the account's: by the verifier, else at the target, where a changed password is the truth, else
 * at the source while the domain migrates.
 * @throws {Failure} `wrong-password`; or why nobody could be asked, which is never a wrong password
 */
export async function authenticate(
  parts: LoginParts,
  subject: Subject,
  password: Secret,
  origin: Origin,
): Promise<Proof> {
  const { account, domain } = subject;
  const kept = await parts.deps.store.accounts.getCredentials(account.address);

  if (kept && (await matches(parts, account.address, kept.verifier, password))) {
    const lost = mayAskSource(subject) && isSealLost(parts.deps, subject, kept);
    return lost && (await sourceTakesIt()) ? { by: "source" } : { by: "verifier", verifier: kept.verifier };
  }
  if ((kept || domain.state === "finalized") && (await targetAccepts(parts, subject, password, origin))) {
    // A user who had to change it at the source may well have taken the same one here: then the copier needs it.
    const stuck = account.reason === "source_auth_failed" && mayAskSource(subject);
    return stuck && (await sourceTakesIt()) ? { by: "source" } : { by: "target" };
  }
  const worthAsking = mayAskSource(subject) && !(kept && isReplaced(parts.deps, subject, kept, password));
  if (worthAsking && (await sourceAccepts(parts, subject, password))) return { by: "source" };
  throw await wrongPassword(parts, subject);

  /** Where the user is let in anyhow, a source that does not answer changes nothing. */
  async function sourceTakesIt(): Promise<boolean> {
    try {
      return await sourceAccepts(parts, subject, password);
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }
}

/** Notes the failed login and makes the failure to throw. */
export async function wrongPassword(parts: LoginParts, { account }: Subject): Promise<Failure> {
  const { store, clock } = parts.deps;
  await store.accounts.noteFailedLogin(account.address, new Date(clock.now()).toISOString());
  return new Failure("wrong-password", `the password given for ${account.address} is not the right one`);
}

async function matches(
  parts: LoginParts,
  address: string,
  verifier: string,
  password: Secret,
): Promise<boolean> {
  if (parts.remembered.has(address, verifier, password)) return true;
  if (!(await matchesVerifier(password, verifier))) return false;
  parts.remembered.remember(address, verifier, password);
  return true;
}

function mayAskSource({ account, domain }: Subject): boolean {
  return sourceMayBeAsked(domain) && account.state !== "finalized";
}

/**
 * Whether this is the source's password that the user has replaced on the target: still right at the source, but taking it would undo the
 * change, and a forgotten phone tries it every few minutes.
 */
function isReplaced(
  deps: LoginDeps,
  { account, domain }: Subject,
  kept: Credentials,
  password: Secret,
): boolean {
  if (kept.sealedTarget === null || kept.sealedSource === null) return false;
  const old = deps.vault.unseal(kept.sealedSource, sourceSealContext(domain, account));
  const isOld = old.equals(password);
  old.wipe();
  return isOld;
}

/** Whether the copier's password does not open any more (a lost master key, say) and this login could give it back. */
function isSealLost(deps: LoginDeps, { account, domain }: Subject, kept: Credentials): boolean {
  if (kept.sealedTarget !== null || kept.sealedSource === null) return false;
  try {
    deps.vault.unseal(kept.sealedSource, sourceSealContext(domain, account)).wipe();
    return false;
  } catch (error) {
    if (error instanceof VaultError) return true;
    throw error;
  }
}

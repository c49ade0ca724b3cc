import type { Secret } from "../kit/secret.ts";
import { sourceMayBeAsked } from "../model/domain.ts";
import { Failure } from "../model/failure.ts";
import type { Credentials } from "../store/store.ts";
import { sourceSealContext } from "../vault/seal-context.ts";
import { VaultError } from "../vault/vault-error.ts";
import { matchesVerifier } from "../vault/verifier.ts";
import { sourceAccepts, targetAccepts } from "./ask.ts";
import type { Attempt } from "./attempt.ts";
import type { LoginDeps, Proof, Subject } from "./deps.ts";
import type { Originator } from "./originating.ts";
import { targetOutage } from "./outages.ts";
import type { LoginParts } from "./parts.ts";
import { sourceLeave } from "./source-brakes.ts";
import { unlessUnwritable } from "./unwritable.ts";

/** Who logs in, what is kept of its passwords, and whether the one given is that one. */
export interface Candidate {
  readonly subject: Subject;
  readonly kept: Credentials | undefined;
  readonly isKept: boolean;
}

/** Whether the password is known from a few minutes ago as the account's: then nobody need be asked. */
export function isRemembered(
  parts: LoginParts,
  { account }: Subject,
  kept: Credentials | undefined,
  password: Secret,
): boolean {
  return kept !== undefined && parts.remembered.has(account.address, kept.verifier, password);
}

/** Compares with what is kept; a match is remembered. */
export async function compareKept(
  parts: LoginParts,
  subject: Subject,
  kept: Credentials | undefined,
  password: Secret,
): Promise<Candidate> {
  const { address } = subject.account;
  if (kept === undefined || !(await matchesVerifier(password, kept.verifier)))
    return { subject, kept, isKept: false };
  parts.remembered.remember(address, kept.verifier, password);
  return { subject, kept, isKept: true };
}

/** The proof that needs no server: the password is the one kept, and nothing has to be brought back by asking the source. */
export function proofByVerifier(parts: LoginParts, { subject, kept, isKept }: Candidate): Proof | undefined {
  if (kept === undefined || !isKept) return undefined;
  const isLost = mayAskSource(subject) && isSealLost(parts, subject, kept);
  return isLost ? undefined : { by: "verifier", verifier: kept.verifier };
}

/**
 * Finds out from the servers whether the password is the account's: at the target, where a changed password is the truth, else at the source
 * while the domain migrates.
 * @throws {Failure} `wrong-password`; or why nobody could be asked, which is never a wrong password
 */
export async function authenticate(
  parts: LoginParts,
  { subject, kept, isKept }: Candidate,
  password: Secret,
  attempt: Attempt,
  origin: Originator,
): Promise<Proof> {
  const { account, domain } = subject;
  if (kept && isKept)
    return (await sourceTakesIt()) ? { by: "source" } : { by: "verifier", verifier: kept.verifier };
  if ((kept || domain.state === "finalized") && (await targetAccepts(parts, subject, password, origin))) {
    // A user who had to change it at the source may well have taken the same one here: then the copier needs it.
    const stuck = account.reason === "source_auth_failed" && mayAskSource(subject);
    return stuck && (await sourceTakesIt()) ? { by: "source" } : { by: "target" };
  }
  if (mayAskSource(subject) && !(kept && isReplaced(parts.deps, subject, kept, password))) {
    const leave = await sourceLeave(parts, domain, attempt);
    if (leave instanceof Failure) throw leave;
    if (await sourceAccepts(parts, subject, password, attempt)) return { by: "source" };
  }
  throw (await targetOutage(parts)) ?? (await wrongPassword(parts, subject));

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
  const at = new Date(clock.now()).toISOString();
  // A wrong password is one on a full disk too, and is counted in memory there.
  await unlessUnwritable(() => store.accounts.noteFailedLogin(account.address, at));
  return new Failure("wrong-password", `the password given for ${account.address} is not the right one`);
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
function isSealLost(
  { deps, remembered }: LoginParts,
  { account, domain }: Subject,
  { sealedSource, sealedTarget }: Credentials,
): boolean {
  if (sealedTarget !== null || sealedSource === null) return false;
  if (remembered.hasOpened(account.address, sealedSource)) return false;
  try {
    deps.vault.unseal(sealedSource, sourceSealContext(domain, account)).wipe();
    remembered.noteOpened(account.address, sealedSource);
    return false;
  } catch (error) {
    if (error instanceof VaultError) return true;
    throw error;
  }
}

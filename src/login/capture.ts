import type { Secret } from "../kit/secret.ts";
import { Failure } from "../model/failure.ts";
import type { Credentials } from "../store/store.ts";
import { sourceSealContext, targetSealContext } from "../vault/seal-context.ts";
import { makeVerifier, matchesVerifier } from "../vault/verifier.ts";
import type { Subject } from "./deps.ts";
import type { LoginParts } from "./parts.ts";
import { provision } from "./provision.ts";
import { unlessUnwritable } from "./unwritable.ts";

/**
 * Keeps a password that the source has accepted, provisions the target with it and starts the copy. One at a time an account. May be repeated:
 * a crash anywhere in between is healed by the next login.
 *
 * An account that is `waiting` and has credentials is one that was captured and perhaps not provisioned. When a password has changed at
 * the source, the old verifier stays until the target knows the new password, so that the new one leads here again until all is done.
 * @throws {Failure} `provision-failed`
 */
export function capture(parts: LoginParts, subject: Subject, password: Secret): Promise<void> {
  const { address } = subject.account;
  const { deps } = parts;
  return parts.turns.run(address, async () => {
    const before = await deps.store.accounts.getCredentials(address);
    const isSame = before !== undefined && (await matchesVerifier(password, before.verifier));
    const verifier = isSame ? before.verifier : await makeVerifier(password);
    const sealedSource = deps.vault.seal(password, sourceSealContext(subject.domain, subject.account));

    await keep(
      parts,
      subject,
      before ? { ...before, sealedSource } : { verifier, sealedSource, sealedTarget: null },
    );
    deps.log.info(
      { event: "capture", account: address, domain: subject.domain.name, first: before === undefined },
      before
        ? `the password of ${address} has changed at the source and is kept anew`
        : `the password of ${address} is kept`,
    );
    await provision(parts, subject, verifier);
    if (before) await keep(parts, subject, { verifier, sealedSource, sealedTarget: null });
    parts.remembered.remember(address, verifier, password);
    await begin(parts, subject);
  });
}

/** Keeps a password that the user has chosen on the target. The source's stays for the copier. */
export function renew(parts: LoginParts, subject: Subject, password: Secret): Promise<void> {
  const { address } = subject.account;
  const { deps } = parts;
  return parts.turns.run(address, async () => {
    const verifier = await makeVerifier(password);
    const sealedTarget = deps.vault.seal(password, targetSealContext(deps.target.imap, address));
    const before = await deps.store.accounts.getCredentials(address);
    await keep(parts, subject, { verifier, sealedSource: before?.sealedSource ?? null, sealedTarget });
    parts.remembered.remember(address, verifier, password);
    if (subject.account.reason === "target_auth_failed") await begin(parts, subject);
  });
}

/** Keeps the source's password for the copier alone: for an account whose user has chosen another on the target. */
export function replaceSourcePassword(parts: LoginParts, subject: Subject, password: Secret): Promise<void> {
  const { address } = subject.account;
  const { deps } = parts;
  return parts.turns.run(address, async () => {
    const before = await deps.store.accounts.getCredentials(address);
    if (before === undefined)
      throw new Failure("internal", `${address} has no password kept, though it had one a moment ago`);
    const sealedSource = deps.vault.seal(password, sourceSealContext(subject.domain, subject.account));
    await keep(parts, subject, { ...before, sealedSource });
    await begin(parts, subject);
  });
}

/**
 * Finishes what an earlier login has begun, for an account whose verifier has matched: provisioning that failed or was cut short, a copy that
 * nobody has asked for yet.
 */
export function resume(parts: LoginParts, subject: Subject, verifier: string): Promise<void> {
  const { address, state, reason } = subject.account;
  // As nearly always: nothing to finish, and nothing to ask the store.
  const isFinished = state !== "waiting" && state !== "captured" && reason !== "provision_failed";
  if (isFinished) return Promise.resolve();
  return parts.turns.run(address, async () => {
    // Another login may have done it while this one waited for its turn.
    const account = await parts.deps.store.accounts.get(address);
    const isUnfinished = account?.state === "waiting" || account?.reason === "provision_failed";
    if (isUnfinished) await provision(parts, subject, verifier);
    if (isUnfinished || account?.state === "captured") await begin(parts, subject);
  });
}

/** Has the account copied now: the target has shown that it goes by what it was told. Where the disk is full, the turn that it has already must do. */
export async function hasten({ deps }: LoginParts, { account }: Subject): Promise<void> {
  if (!(await unlessUnwritable(() => deps.queue.put(account.address, deps.clock.now())))) return;
  deps.onEnqueued?.(account.address);
}

/** Sets the account on its way and has it copied, as soon as the target should know what it was told. */
async function begin({ deps, limits, settling }: LoginParts, { account }: Subject): Promise<void> {
  const now = deps.clock.now();
  const at = new Date(now).toISOString();
  await deps.store.accounts.apply(account.address, { kind: "captured" }, at);
  const { reason } = (await deps.store.accounts.get(account.address)) ?? account;
  if (reason === "provision_failed" || reason === "source_auth_failed" || reason === "target_auth_failed")
    await deps.store.accounts.apply(account.address, { kind: "recovered" }, at);
  await deps.queue.put(account.address, now + (settling.has(account.address) ? limits.copyAfterMs : 0));
  deps.onEnqueued?.(account.address);
}

/** Writes credentials, but nothing that could be opened again once the domain is finalized, even if that happened this very moment. */
async function keep(
  { deps }: LoginParts,
  { account, domain }: Subject,
  credentials: Credentials,
): Promise<void> {
  await deps.store.accounts.putCredentials(account.address, credentials);
  const { state } = (await deps.store.domains.get(domain.name)) ?? domain;
  if (state === "finalized")
    await deps.store.accounts.putCredentials(account.address, {
      ...credentials,
      sealedSource: null,
      sealedTarget: null,
    });
}

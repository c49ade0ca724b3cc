import { sleep } from "../kit/deadline.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { routeOf } from "../model/route.ts";
import type { LoginHow, LoginOutcome } from "../upstream/login-how.ts";
import { targetLoginHow } from "../upstream/target-login.ts";
import type { TargetSession } from "../upstream/target-session.ts";
import { wrongPassword } from "./authenticate.ts";
import { connectSource, notYetCopied } from "./connect-source.ts";
import type { Admission, LoginGrant, LoginRequest } from "./deps.ts";
import { openTarget } from "./open-target.ts";
import type { LoginParts } from "./parts.ts";
import { provision } from "./provision.ts";

/**
 * Opens the account's mailbox where its sessions are led.
 * @throws {Failure} as `connectTarget` and `connectSource`; `not-yet-copied` where the protocol has to wait
 */
export async function connect(
  parts: LoginParts,
  admission: Admission,
  request: LoginRequest,
  signal: AbortSignal,
): Promise<LoginGrant> {
  const { account, domain } = admission.subject;
  switch (routeOf(domain, account, request.protocol)) {
    case "target":
      return connectTarget(parts, admission, request, signal);
    case "source":
      return connectSource(parts, admission, request, signal);
    case "later":
      throw notYetCopied(admission.subject, request.protocol);
  }
}

/**
 * Opens the account's mailbox on the target, or what else is spoken there.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; `target-auth-failed` when the target will not let in an account
 * that imbarco knows to be right; `wrong-password` when the user has meanwhile chosen another there
 */
async function connectTarget(
  parts: LoginParts,
  admission: Admission,
  request: LoginRequest,
  signal: AbortSignal,
): Promise<LoginGrant> {
  const { account, domain } = admission.subject;
  const how = targetLoginHow(parts.deps.target.login, account.address, request.password);
  // A second program of the user may come when the first one has just brought this about.
  const isSettling = parts.settling.has(account.address);
  const waits = isSettling ? [...parts.limits.targetRetryMs] : [];
  for (;;) {
    const target = await openTarget(parts.deps, request, signal);
    const outcome = await logInOrClose(target, how);
    if (outcome.kind === "ok")
      return { account: account.address, domain: domain.name, target, capability: outcome.capability };
    target.leave();
    const waitMs = waits.shift();
    if (waitMs === undefined) break;
    await sleep(waitMs, signal);
  }
  if (!isSettling && (await isProvisionedAgain(parts, admission)))
    return connectTarget(parts, admission, request, signal);
  throw await refusal(parts, admission, isSettling);
}

/** A login that fails for any reason of its own ends the connection. */
async function logInOrClose(target: TargetSession, how: LoginHow): Promise<LoginOutcome> {
  try {
    return await target.logIn(how);
  } catch (error) {
    target.close();
    throw error;
  }
}

/** Only where the target has lost the account altogether: setting the password of one it has would undo a change made there. */
async function isProvisionedAgain(parts: LoginParts, { subject }: Admission): Promise<boolean> {
  const { address } = subject.account;
  if (await parts.deps.provisioner.exists(address)) return false;
  const kept = await parts.deps.store.accounts.getCredentials(address);
  if (kept === undefined) return false;
  await provision(parts, subject, kept.verifier);
  return true;
}

async function refusal(parts: LoginParts, { subject }: Admission, isSettling: boolean): Promise<Failure> {
  const { account } = subject;
  const { target } = parts.deps;
  // Whole passes have been made with this password, so it was the target's: the user has chosen another there.
  if (target.login.as === "user" && !isSettling && account.syncedAt !== null) {
    parts.remembered.forget(account.address);
    return wrongPassword(parts, subject);
  }
  return new Failure(
    "target-auth-failed",
    `the target ${endpointName(target.imap)} does not let ${account.address} in, whose password is right: see its log, and check target.login and target.provision`,
  );
}

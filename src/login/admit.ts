import type { Secret } from "../kit/secret.ts";
import { Failure } from "../model/failure.ts";
import { inTurn } from "./account-turn.ts";
import { type Attempt, attemptOf } from "./attempt.ts";
import {
  authenticate,
  type Candidate,
  compareKept,
  isRemembered,
  proofByVerifier,
  wrongPassword,
} from "./authenticate.ts";
import { capture, renew, resume } from "./capture.ts";
import type { Admission, LoginRequest, Proof, Subject } from "./deps.ts";
import { identify } from "./identify.ts";
import { emptyPassword, nobody, waitUntil } from "./nobody.ts";
import type { LoginParts } from "./parts.ts";
import {
  isRefusedLately,
  noteAcquaintance,
  noteUnasked,
  noteWrong,
  throttle,
  throttleAgain,
} from "./throttle.ts";
import { isUnwritable } from "./unwritable.ts";

/** A login on its way to be admitted. */
interface Asked {
  readonly request: LoginRequest;
  /** A copy, since the client whose request this is may be gone, and its password wiped, before the flight has landed. */
  readonly password: Secret;
  readonly attempt: Attempt;
}

/**
 * A password that is remembered goes straight through: it is no guess, and no attacker shall lock out a user whose program is there all day. `undefined` = it
 * is not remembered, or something has to be brought back by asking the source.
 * @throws {Failure} what the client may hear
 */
export async function admitRemembered(
  parts: LoginParts,
  request: LoginRequest,
): Promise<Admission | undefined> {
  const { password } = request;
  if (password.length === 0) return undefined;
  const subject = await identify(parts.deps.store, request);
  const kept = subject?.kept;
  if (!subject || !isRemembered(parts, subject, kept, password)) return undefined;
  const proof = proofByVerifier(parts, { subject, kept, isKept: true });
  if (proof === undefined) return undefined;
  return settled(parts, { request, password, attempt: attemptOf(parts, request, password) }, subject, proof);
}

/**
 * identify → throttle → authenticate → capture → provision → enqueue. Whatever happens, happens to names that nobody has as well, at the same time.
 * @throws {Failure} what the client may hear
 */
export async function admit(parts: LoginParts, request: LoginRequest): Promise<Admission> {
  const began = performance.now();
  const password = request.password.copy();
  try {
    if (password.length === 0) throw await emptyPassword(parts, request, began);
    const { store } = parts.deps;
    const subject = await identify(store, request);
    const kept = subject?.kept;
    const attempt = attemptOf(parts, request, password);
    const asked = { request, password, attempt };
    if (subject && isRemembered(parts, subject, kept, password)) {
      const proof = proofByVerifier(parts, { subject, kept, isKept: true });
      if (proof) return await settled(parts, asked, subject, proof);
    }
    await throttle(parts, attempt);
    if (await isRefusedLately(parts, attempt)) throw await refusedAgain(parts, subject, attempt);
    const lanes = attempt.isExempt ? parts.exemptLanes : parts.lanes;
    // Names that nobody has wait in this lane too, or the wait would tell them from others.
    const { candidate, comparedMs } = await lanes.compare.run(attempt.network, async () => {
      const comparing = performance.now();
      const compared = subject && (await compareKept(parts, subject, kept, password));
      return { candidate: compared, comparedMs: performance.now() - comparing };
    });
    const proof = candidate && proofByVerifier(parts, candidate);
    if (candidate && proof) return await settled(parts, asked, candidate.subject, proof);
    return await unaskedIsCounted(parts, attempt, comparedMs, () =>
      inTurn(parts, attempt, (hasWaited) =>
        hasWaited ? askLater(parts, asked, candidate, comparedMs) : ask(parts, asked, candidate, comparedMs),
      ),
    );
  } finally {
    password.wipe();
  }
}

/**
 * Counts a password that nobody could be asked about because the store takes nothing: who guesses would learn all the same when it is the one kept. Nobody hears
 * that sooner for having a name without a password to compare with.
 */
async function unaskedIsCounted(
  parts: LoginParts,
  attempt: Attempt,
  comparedMs: number,
  work: () => Promise<Admission>,
): Promise<Admission> {
  const began = performance.now() - comparedMs;
  try {
    return await work();
  } catch (error) {
    if (isUnwritable(error)) {
      await noteUnasked(parts, attempt);
      await waitUntil(began + parts.limits.firstRefusalMs);
    }
    throw error;
  }
}

/** Another login was first: what it has brought about may have answered this one. */
async function askLater(
  parts: LoginParts,
  asked: Asked,
  before: Candidate | undefined,
  comparedBeforeMs: number,
): Promise<Admission> {
  const { request, password, attempt } = asked;
  const { store } = parts.deps;
  const subject = await identify(store, request);
  if (await isRefusedLately(parts, attempt)) throw await refusedAgain(parts, subject, attempt);
  const kept = subject?.kept;
  const comparing = performance.now();
  const candidate =
    subject &&
    (kept?.verifier === before?.kept?.verifier
      ? { subject, kept, isKept: before?.isKept ?? false }
      : await compareKept(parts, subject, kept, password));
  const proof = candidate && proofByVerifier(parts, candidate);
  if (candidate && proof) {
    // Whoever has kept it this moment has told the target this moment.
    parts.settling.note(attempt.name);
    return settled(parts, asked, candidate.subject, proof);
  }
  return ask(parts, asked, candidate, comparedBeforeMs + performance.now() - comparing);
}

/** Asks the servers, or does as if. What they refuse is counted. */
async function ask(
  parts: LoginParts,
  asked: Asked,
  candidate: Candidate | undefined,
  comparedMs: number,
): Promise<Admission> {
  const { request, password, attempt } = asked;
  await throttleAgain(parts, attempt);
  const began = performance.now() - comparedMs;
  try {
    if (candidate === undefined) throw await nobody(parts, attempt, performance.now());
    const proof = await inRealTime(parts, candidate.subject, began, () =>
      authenticate(parts, candidate, password, attempt, request),
    );
    return await settled(parts, asked, candidate.subject, proof);
  } catch (error) {
    if (error instanceof Failure && error.facts.client === "refused") await noteWrong(parts, attempt);
    throw error;
  }
}

/** What follows from how the password was found right. */
async function settled(
  parts: LoginParts,
  { password, attempt }: Asked,
  subject: Subject,
  proof: Proof,
): Promise<Admission> {
  switch (proof.by) {
    case "source":
      await capture(parts, subject, password);
      break;
    case "target":
      await renew(parts, subject, password);
      break;
    case "verifier":
      if (isNew(parts, subject)) parts.settling.note(subject.account.address);
      await resume(parts, subject, proof.verifier);
      break;
    default:
      proof satisfies never;
  }
  await noteAcquaintance(parts, attempt);
  return { subject, proof: proof.by };
}

/** Whether the account has had its first login, perhaps in another process, so lately that the target may still not go by it. */
function isNew({ deps, limits }: LoginParts, { account }: Subject): boolean {
  // Where a pass has been made, the target has shown that it does.
  if (account.syncedAt !== null) return false;
  const firstLoginAt = Date.parse(account.firstLoginAt ?? "");
  return Math.abs(deps.clock.now() - firstLoginAt) < limits.settlingMs;
}

/** The failure for a password that was refused some minutes ago: no server is asked, and all names wait as long. */
async function refusedAgain(
  parts: LoginParts,
  subject: Subject | undefined,
  { name }: Attempt,
): Promise<Failure> {
  const due = performance.now() + parts.limits.firstRefusalMs;
  const failure = subject
    ? await wrongPassword(parts, subject)
    : new Failure("unknown-account", `there is no account ${name}`);
  await waitUntil(due);
  return failure;
}

/** Lets the answers that accounts get tell how long answers take. */
async function inRealTime<T>(
  parts: LoginParts,
  { account, domain }: Subject,
  began: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) {
      const isRefused = error.facts.client === "refused";
      // One that took less than any that is drawn would stand out.
      if (isRefused) await waitUntil(began + parts.limits.refusals.shortestMs);
      const times = isRefused ? parts.refusals : parts.outages;
      const course = account.state === "waiting" ? "one server" : "several servers";
      times.note(domain.name, course, performance.now() - began);
    }
    throw error;
  }
}

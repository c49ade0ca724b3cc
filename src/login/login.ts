import { untilAborted } from "../kit/until-aborted.ts";
import { Failure } from "../model/failure.ts";
import { authenticate } from "./authenticate.ts";
import { capture, hasten, renew, resume } from "./capture.ts";
import { connect } from "./connect.ts";
import type { Admission, Login, LoginDeps, LoginGrant, LoginRequest, Proof, Subject } from "./deps.ts";
import { identify } from "./identify.ts";
import type { LoginLimits } from "./limits.ts";
import { nameOf, nobody } from "./nobody.ts";
import { type LoginParts, loginParts } from "./parts.ts";
import { logGranted, logRefused } from "./tell.ts";

export type { Login, LoginDeps, LoginGrant, LoginRequest } from "./deps.ts";

/** Makes the login of this process: its logins share what they know of each other. */
export function createLogin(deps: LoginDeps, limits: Partial<LoginLimits> = {}): Login {
  const parts = loginParts(deps, limits);
  return (request, signal) => login(parts, request, signal);
}

/**
 * THE RECIPE: identify → authenticate → capture → provision → enqueue → connect. Nothing here knows a protocol.
 *
 * Everything up to the connection is done once for all who come with the same name and password at the same time; a client that
 * goes away does not end it for the others.
 */
async function login(parts: LoginParts, request: LoginRequest, signal: AbortSignal): Promise<LoginGrant> {
  const began = performance.now();
  try {
    const admission = await untilAborted(
      parts.flights.run(flightName(parts, request), () => admit(parts, request)),
      signal,
    );
    const grant = await connect(parts, admission, request, signal);
    try {
      if (parts.settling.has(grant.account)) await hasten(parts, admission.subject);
    } catch (error) {
      grant.target.close();
      throw error;
    }
    logGranted(parts.deps.log, request, admission, performance.now() - began);
    return grant;
  } catch (error) {
    if (!signal.aborted) logRefused(parts.deps.log, request, error);
    throw error;
  }
}

async function admit(parts: LoginParts, request: LoginRequest): Promise<Admission> {
  const began = performance.now();
  // A copy, since the client whose request this is may be gone, and its password wiped, before the flight has landed.
  const password = request.password.copy();
  try {
    const subject = password.length > 0 ? await identify(parts.deps.store, request) : undefined;
    if (subject === undefined) throw await nobody(parts, request, began);
    const proof = await inRealTime(parts, subject, began, () =>
      authenticate(parts, subject, password, request),
    );
    await settle(parts, subject, password, proof);
    return { subject, proof: proof.by };
  } finally {
    password.wipe();
  }
}

/** What follows from how the password was found right. */
function settle(
  parts: LoginParts,
  subject: Subject,
  password: LoginRequest["password"],
  proof: Proof,
): Promise<void> {
  switch (proof.by) {
    case "source":
      return capture(parts, subject, password);
    case "target":
      return renew(parts, subject, password);
    case "verifier":
      return resume(parts, subject, proof.verifier);
    default:
      return proof satisfies never;
  }
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
      const times = error.facts.client === "refused" ? parts.refusals : parts.outages;
      const course = account.state === "waiting" ? "one server" : "several servers";
      times.note(domain.name, course, performance.now() - began);
    }
    throw error;
  }
}

/** An unknown name flies as an account does. The password is in it as a keyed digest. */
function flightName(parts: LoginParts, request: LoginRequest): string {
  const digest = request.password.digest(parts.flightKey).toString("latin1");
  return [nameOf(request), request.authzid?.toString("latin1") ?? "", digest].join("\0");
}

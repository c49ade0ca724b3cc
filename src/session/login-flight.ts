import type { Login, LoginGrant, LoginRequest } from "../login/login.ts";
import { Failure } from "../model/failure.ts";
import { LIMITS } from "../wire/limits.ts";

/**
 * One login on behalf of a client: bounded in time, given up when `signal` aborts (the client is gone, the process shuts
 * down), and the password wiped when it ends. A grant that comes too late is closed.
 * @throws {Failure} what the login threw; the signal's reason when it aborts
 */
export async function flyLogin(
  login: Login,
  request: LoginRequest,
  signal: AbortSignal,
): Promise<LoginGrant> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLong()), LIMITS.loginFlightMs);
  const either = AbortSignal.any([signal, limit.signal]);
  const asked = login(request, either).finally(() => {
    // Only now: wiped any earlier, a login that is still at work would keep zeros for a password.
    request.password.wipe();
    clearTimeout(timer);
  });
  try {
    return await unlessAborted(asked, either);
  } catch (thrown) {
    asked.then((grant) => grant.target.close(), failedAlready);
    throw thrown;
  }
}

function tooLong(): Failure {
  return new Failure("internal", `a login took longer than ${LIMITS.loginFlightMs} ms (loginFlightMs)`);
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function failedAlready(): void {
  // The client has its answer: this failure, or that of the abort which caused it.
}

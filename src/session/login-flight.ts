import { untilAborted } from "../kit/until-aborted.ts";
import type { Login, LoginGrant, LoginRequest } from "../login/login.ts";
import { Failure } from "../model/failure.ts";
import { LIMITS } from "../wire/limits.ts";

/**
 * One login on behalf of a client: bounded in time, given up when one of `signals` aborts (the client is gone, the process shuts
 * down), and the password wiped when it ends. A grant that comes too late is closed.
 * @throws {Failure} what the login threw; the reason of the signal that aborts
 */
export async function flyLogin(
  login: Login,
  request: LoginRequest,
  signals: readonly AbortSignal[],
): Promise<LoginGrant> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLong()), LIMITS.loginFlightMs);
  // AbortSignal.any costs more than the rest of this function, at every login.
  const onAbort = () => limit.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
  if (signals.some(({ aborted }) => aborted)) onAbort();
  const asked = login(request, limit.signal).finally(() => {
    // Only now: wiped any earlier, a login that is still at work would keep zeros for a password.
    request.password.wipe();
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  });
  try {
    return await untilAborted(asked, limit.signal);
  } catch (thrown) {
    asked.then((grant) => grant.target.close(), failedAlready);
    throw thrown;
  }
}

function tooLong(): Failure {
  return new Failure("internal", `a login took longer than ${LIMITS.loginFlightMs} ms (loginFlightMs)`);
}

function failedAlready(): void {
  // The client has its answer: this failure, or that of the abort which caused it.
}

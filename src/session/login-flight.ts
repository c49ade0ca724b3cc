import type { Login, LoginGrant, LoginRequest } from "../login/login.ts";
import { Failure } from "../model/failure.ts";
import { LIMITS } from "../wire/limits.ts";

/**
 * One login on behalf of a client: bounded in time, given up when `flight` is aborted (the client is gone, the process shuts
 * down), and the password wiped when it ends. A grant that comes too late is closed.
 * @throws {Failure} what the login threw; the reason why it is aborted
 */
export function flyLogin(login: Login, request: LoginRequest, flight: AbortController): Promise<LoginGrant> {
  const { signal } = flight;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    const timer = setTimeout(() => flight.abort(tooLong()), LIMITS.loginFlightMs);
    const landed = () => {
      // Only now: wiped any earlier, a login that is still at work would keep zeros for a password.
      request.password.wipe();
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    login(request, signal).then(
      (grant) => {
        landed();
        if (signal.aborted) grant.target.close();
        else resolve(grant);
      },
      (error: Error) => {
        landed();
        reject(error);
      },
    );
  });
}

function tooLong(): Failure {
  return new Failure("internal", `a login took longer than ${LIMITS.loginFlightMs} ms (loginFlightMs)`);
}

import { untilAborted } from "../kit/until-aborted.ts";
import { admit, admitRemembered } from "./admit.ts";
import { hasten } from "./capture.ts";
import { connect } from "./connect.ts";
import type { Login, LoginDeps, LoginGrant, LoginRequest } from "./deps.ts";
import type { LoginLimits } from "./limits.ts";
import { nameOf } from "./nobody.ts";
import { refuseCircles } from "./originating.ts";
import { type LoginParts, loginParts } from "./parts.ts";
import { logGranted, logRefused } from "./tell.ts";

export type { Login, LoginDeps, LoginGrant, LoginRequest } from "./deps.ts";

/** Makes the login of this process: its logins share what they know of each other. */
export function createLogin(deps: LoginDeps, limits: Partial<LoginLimits> = {}): Login {
  const parts = loginParts(deps, limits);
  return (request, signal) => login(parts, request, signal);
}

/**
 * THE RECIPE: (admit: identify → throttle → authenticate → capture → provision → enqueue) → connect. Nothing here knows a protocol.
 *
 * A remembered password is admitted at once. Everything else up to the connection is done once for all who come with the same name and password at the
 * same time; a client that goes away does not end it for the others.
 */
async function login(parts: LoginParts, request: LoginRequest, signal: AbortSignal): Promise<LoginGrant> {
  const began = performance.now();
  try {
    refuseCircles(request);
    const admission =
      (await admitRemembered(parts, request)) ??
      (await untilAborted(
        parts.flights.run(flightName(parts, request), () => admit(parts, request)),
        signal,
      ));
    const grant = await connect(parts, admission, request, signal);
    try {
      if (grant.servedBy !== "source" && parts.settling.has(grant.account))
        await hasten(parts, admission.subject);
    } catch (error) {
      grant.target.close();
      throw error;
    }
    logGranted(parts.deps.log, request, admission, grant, performance.now() - began);
    return grant;
  } catch (error) {
    if (!signal.aborted) logRefused(parts.deps.log, request, error);
    throw error;
  }
}

/** An unknown name flies as an account does. The password is in it as a keyed digest. */
function flightName(parts: LoginParts, request: LoginRequest): string {
  const digest = request.password.digest(parts.flightKey).toString("latin1");
  return [nameOf(request), request.authzid?.toString("latin1") ?? "", digest].join("\0");
}

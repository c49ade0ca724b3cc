import { invariant } from "../kit/invariant.ts";
import { openImapTarget } from "../upstream/imap-login/open.ts";
import { openPop3Target } from "../upstream/pop3/open.ts";
import { openSieveTarget } from "../upstream/sieve/open.ts";
import { openSmtpTarget } from "../upstream/smtp/open.ts";
import type { TargetSession } from "../upstream/target-session.ts";
import type { LoginDeps, LoginRequest } from "./deps.ts";
import { originOf } from "./originating.ts";

/**
 * Opens what the client's protocol is spoken with on the target.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; the signal's reason when it aborts
 */
export async function openTarget(
  deps: LoginDeps,
  request: LoginRequest,
  signal: AbortSignal,
): Promise<TargetSession> {
  switch (request.protocol) {
    case "imap":
      return openImapTarget(deps, deps.target.imap, originOf(request), { signal });
    case "submission": {
      const { submission } = deps.target;
      invariant(submission, "a listener for submission has a target");
      const target = await openSmtpTarget(deps, submission, originOf(request), { signal });
      deps.noteOffers?.("submission", target.offers);
      return target;
    }
    case "sieve": {
      const { sieve } = deps.target;
      invariant(sieve, "a listener for sieve has a target");
      const target = await openSieveTarget(deps, sieve, originOf(request), { signal });
      deps.noteOffers?.("sieve", target.offers);
      return target;
    }
    case "pop3": {
      const { pop3 } = deps.target;
      invariant(pop3, "a listener for POP3 has a target");
      const target = await openPop3Target(deps, pop3, originOf(request), { signal, utf8: request.utf8 });
      deps.noteOffers?.("pop3", target.offers);
      return target;
    }
  }
}

import { invariant } from "../kit/invariant.ts";
import { asFailure } from "../model/failure.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { sendId } from "../upstream/imap/id.ts";
import { logIn } from "../upstream/imap/login.ts";
import { logOut } from "../upstream/imap/logout.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { openImap } from "../upstream/open.ts";
import { isToldInProtocol } from "../upstream/origin.ts";
import { openPop3Target } from "../upstream/pop3/open.ts";
import { openSieveTarget } from "../upstream/sieve/open.ts";
import { openSmtpTarget } from "../upstream/smtp/open.ts";
import type { TargetSession } from "../upstream/target-session.ts";
import type { LoginDeps, LoginRequest } from "./deps.ts";
import { type Originator, originOf } from "./originating.ts";

/** For whom a connection to the target is opened. */
export type Origin = Originator;

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
      return imapSession(await openTold(deps, request, signal));
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

function imapSession({ connection, told }: Told): TargetSession {
  return {
    logIn: async (how) => {
      const outcome = await logIn(connection, how);
      // Answered already by every server that answers in order.
      if (!connection.isIdle) await told;
      return outcome;
    },
    detach: () => connection.detach(),
    leave: () => void logOut(connection),
    close: () => connection.close(),
  };
}

/** A connection that is being told for whom we come; what is sent next arrives behind that. */
interface Told {
  readonly connection: ImapConnection;
  /** Settles when the server has heard it; never rejects. */
  readonly told: Promise<void>;
}

/**
 * A connection to the target's IMAP server that is told for whom we come: the target's logs and its brake on wrong passwords then see the client's
 * address and not ours (where it trusts us to say so).
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`
 */
export async function openTargetImap(
  deps: LoginDeps,
  originator: Origin,
  signal?: AbortSignal,
): Promise<ImapConnection> {
  return (await openTold(deps, originator, signal)).connection;
}

/** Nobody waits for the answer: the login goes out in the same packet, which saves a round trip at each login. */
async function openTold(deps: LoginDeps, originator: Origin, signal?: AbortSignal): Promise<Told> {
  const origin = originOf(originator);
  const { imap } = deps.target;
  const connection = await openImap(deps, "target", imap, { signal, origin });
  if (!connection.has("ID")) return { connection, told: Promise.resolve() };
  const address = { "x-originating-ip": origin.address, "x-originating-port": String(origin.port) };
  const pairs = {
    ...(isToldInProtocol(imap) ? address : {}),
    "x-session-id": origin.session,
    "x-proxy-ttl": String(origin.hops),
  };
  const told = sendId(connection, pairs).then(
    () => {},
    (error: unknown) => {
      // A server that will not hear it loses a detail in its logs; one that is gone shows at the login.
      if (!(error instanceof CommandRefusedError)) connection.fail(asFailure(error));
    },
  );
  return { connection, told };
}

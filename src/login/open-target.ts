import { invariant } from "../kit/invariant.ts";
import { Failure } from "../model/failure.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { sendId } from "../upstream/imap/id.ts";
import { logIn } from "../upstream/imap/login.ts";
import { logOut } from "../upstream/imap/logout.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { openImap } from "../upstream/open.ts";
import type { TargetSession } from "../upstream/target-session.ts";
import type { LoginDeps, LoginRequest } from "./deps.ts";

/** For whom a connection to the target is opened. */
export type Origin = Pick<LoginRequest, "client" | "session">;

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
      return imapSession(await openTargetImap(deps, request, signal));
    case "pop3":
    case "submission":
    case "sieve":
      invariant(false, `${request.protocol} has a client`);
  }
}

function imapSession(connection: ImapConnection): TargetSession {
  return {
    logIn: (how) => logIn(connection, how),
    detach: () => connection.detach(),
    leave: () => void logOut(connection),
    close: () => connection.close(),
  };
}

/**
 * A connection to the target's IMAP server that has been told for whom we come: the target's logs and its brake on wrong passwords then see the client's
 * address and not ours (where it trusts us to say so).
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`
 */
export async function openTargetImap(
  deps: LoginDeps,
  origin: Origin,
  signal?: AbortSignal,
): Promise<ImapConnection> {
  const connection = await openImap({ log: deps.log }, "target", deps.target.imap, { signal });
  if (connection.has("ID")) {
    const told = {
      "x-originating-ip": origin.client.address.replace(/^::ffff:(?=\d+\.)/i, ""),
      "x-originating-port": String(origin.client.port),
      "x-session-id": origin.session,
    };
    try {
      await sendId(connection, told);
    } catch (error) {
      // A server that will not hear it loses a detail in its logs; one that is gone shows at the login.
      if (error instanceof CommandRefusedError || error instanceof Failure) return connection;
      connection.close();
      throw error;
    }
  }
  return connection;
}

import type { Domain } from "../model/domain.ts";
import { sourceName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { ImapConnection } from "../upstream/imap/connection/connection.ts";
import { openImap } from "../upstream/open.ts";
import type { LoginDeps } from "./deps.ts";
import { noteReachable, noteUnreachable } from "./source-brakes.ts";

/**
 * Opens a connection to the source, for which a permit is held, and does `work` with it, in whose hands it is. The breaker hears whether the source lets us in: what it
 * answers to the LOGIN of one user, whose mailbox may be damaged, says nothing of the others.
 * @throws {Failure} `source-unreachable`, `source-limit`, `source-wait`, `source-protocol` @throws what `work` throws; the connection is closed then
 */
export async function withSource<T>(
  deps: LoginDeps,
  domain: Domain,
  signal: AbortSignal | undefined,
  work: (connection: ImapConnection) => Promise<T>,
): Promise<T> {
  let connection: ImapConnection | undefined;
  try {
    connection = await openImap(deps, "source", domain.source, { signal });
    return await work(connection);
  } catch (error) {
    const letsUsIn = connection?.isOpen === true;
    connection?.close();
    if (letsUsIn) await noteReachable(deps, sourceName(domain.source));
    else if (error instanceof Failure) await noteUnreachable(deps, domain, error);
    throw error;
  }
}

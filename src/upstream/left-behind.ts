import { readFileSync, readlinkSync } from "node:fs";
import type { SentOver } from "../model/ledger.ts";
import { type OrphanState, orphanedConnection } from "../net/orphans.ts";
import type { ImapConnection } from "./imap/connection/connection.ts";

/** The connection's two ends as an intent keeps them; `undefined` where nobody could ask about them later (not Linux). */
export function localEnd(connection: ImapConnection): SentOver | undefined {
  const { addresses } = connection;
  const kernel = thisKernel();
  return addresses === null || kernel === null ? undefined : { ...addresses, kernel };
}

/**
 * Whether the server may still be working on what a connection of an earlier time has brought it: see `OrphanState`. `unknown` also for a
 * connection of another machine, or of this one before it was started again.
 */
export async function leftBehind(via: SentOver | undefined): Promise<OrphanState> {
  if (via === undefined || via.kernel !== thisKernel()) return "unknown";
  return await orphanedConnection(via);
}

let known: string | null | undefined;

/** Names the running kernel and the network namespace in it: what another one says about a connection means nothing. */
function thisKernel(): string | null {
  known ??= readKernel();
  return known;
}

function readKernel(): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/net")}`;
  } catch {
    return null;
  }
}

import type { ProtocolName } from "./protocol.ts";

/** A session as `imbarco sessions list` tells it. */
export interface SessionInfo {
  /** Twelve hexadecimal digits, as in the field `session` of the log. */
  readonly id: string;
  readonly protocol: ProtocolName;
  /** `null` before login. */
  readonly account: string | null;
  readonly client: { readonly address: string; readonly port: number };
  /** ISO 8601 UTC. */
  readonly openedAt: string;
  /** How long it has lasted. */
  readonly seconds: number;
  /** Octets passed on so far, from the client and to it. */
  readonly toTarget: number;
  readonly toClient: number;
  /** The id of the process that serves it. */
  readonly pid: number;
}

/** Which sessions are meant; what is absent does not matter. */
export interface SessionFilter {
  readonly id?: string;
  /** An address, folded as addresses are. */
  readonly account?: string;
  readonly domain?: string;
}

/** Whether a session is one of those meant. */
export function isMeant(
  session: { readonly id: string; readonly account: string | null },
  { id, account, domain }: SessionFilter,
): boolean {
  if (id !== undefined && session.id !== id) return false;
  if (account !== undefined && session.account !== account) return false;
  return domain === undefined || (session.account?.endsWith(`@${domain}`) ?? false);
}

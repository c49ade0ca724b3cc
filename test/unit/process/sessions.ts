import type { SessionInfo } from "../../../src/model/session-info.ts";

/** A session as it may be told. */
export function session(id: string, account: string | null = "anna@x.test"): SessionInfo {
  const client = { address: "2001:db8::1", port: 40_000 };
  const openedAt = "2026-01-01T00:00:00.000Z";
  return { id, protocol: "imap", account, client, openedAt, seconds: 1, toTarget: 2, toClient: 3, pid: 4 };
}

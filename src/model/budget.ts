/**
 * For what a connection to a source is opened: a user's login, a session that leads there (`source-until-synced`), the copy of an account, or following its
 * INBOX.
 */
export type PermitKind = "login" | "session" | "copy" | "follow";

/** Connections to one source, over all processes that share the store. */
export interface BudgetUse {
  readonly logins: number;
  /** Of users whose mail is still served by the source: hours, and none of the copier's business but for the room they take. */
  readonly sessions: number;
  /** Those of the copier, the following ones included. */
  readonly copies: number;
  /** Those that follow an INBOX: they stay for hours. */
  readonly follows: number;
  /** Those of the copier for the account that is asked about; following does not count. */
  readonly copiesOfAccount: number;
}

export interface BudgetBounds {
  /** Connections in all. */
  readonly limit: number;
  /** Connections that copy one account. */
  readonly perAccount: number;
  /** Logins that ask at a time; where absent, any number. */
  readonly logins?: number;
  /** Connections of ours that the source has shown to bear, sessions among them; where absent, nobody knows. */
  readonly bearable?: number;
}

/** What the copier leaves for logins: the eighth part, at least one, unless there is only one. */
export function loginReserve(limit: number): number {
  return limit > 1 ? Math.max(1, Math.floor(limit / 8)) : 0;
}

/** Whether one more connection may be opened. Logins are held up by each other only: the copier makes room for them. */
export function fits(kind: PermitKind, use: BudgetUse, bounds: BudgetBounds): boolean {
  const { limit, perAccount } = bounds;
  if (kind === "session") return true;
  if (kind === "login") return use.logins < (bounds.logins ?? Number.POSITIVE_INFINITY);
  if (kind === "copy" && use.copiesOfAccount >= perAccount) return false;
  // Following is what the copier does with what is to spare: a half of its share, or those who have just come would wait.
  if (kind === "follow" && use.follows + 1 > Math.floor((limit - loginReserve(limit)) / 2)) return false;
  const withLogins = use.copies + 1 + Math.max(use.logins, loginReserve(limit));
  if (withLogins > limit) return false;
  // What is configured bounds the copier, and sessions are none of it; what the source bears they share. One connection copies in any case, or the sessions
  // that it is to bring home would keep it from doing so for ever.
  return use.copies === 0 || withLogins + use.sessions <= (bounds.bearable ?? Number.POSITIVE_INFINITY);
}

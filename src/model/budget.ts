/** For what a connection to a source is opened: a user's login, the copy of an account, or following its INBOX. */
export type PermitKind = "login" | "copy" | "follow";

/** Connections to one source, over all processes that share the store. */
export interface BudgetUse {
  readonly logins: number;
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
}

/** What the copier leaves for logins: the eighth part, at least one, unless there is only one. */
export function loginReserve(limit: number): number {
  return limit > 1 ? Math.max(1, Math.floor(limit / 8)) : 0;
}

/** Whether one more connection may be opened. Logins are counted and never held up here: the copier makes room for them. */
export function fits(kind: PermitKind, use: BudgetUse, { limit, perAccount }: BudgetBounds): boolean {
  if (kind === "login") return true;
  if (kind === "copy" && use.copiesOfAccount >= perAccount) return false;
  // Following is what the copier does with what is to spare: a half of its share, or those who have just come would wait.
  if (kind === "follow" && use.follows + 1 > Math.floor((limit - loginReserve(limit)) / 2)) return false;
  return use.copies + 1 + Math.max(use.logins, loginReserve(limit)) <= limit;
}

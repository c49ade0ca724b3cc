import type { Account, AccountState } from "../model/account.ts";
import type { DomainState } from "../model/domain.ts";
import { isLoopback } from "../model/network.ts";
import { NotFoundError, type Store } from "../store/store.ts";

/** Which accounts of a domain a report lists: all, those whose users have not logged in yet, those that need a hand. */
export type ReportPart = "all" | "stragglers" | "attention";

/** How far a domain is (contract §3). */
export interface DomainReport {
  readonly domain: string;
  readonly state: DomainState;
  /** Whether the connection to its source may be weak (`--source-weak-tls`). */
  readonly sourceWeakTls: boolean;
  /** Whether passwords and mail travel to its source in clear (`--tls none`), and not within this machine. */
  readonly sourceInClear: boolean;
  /** Folders that are not copied, as the domain's rules name them. */
  readonly exclude: readonly string[];
  /** Of all accounts, whichever part is listed. */
  readonly counts: Readonly<Record<AccountState, number>>;
  /** By address, read from the store as they are asked for. */
  readonly accounts: AsyncIterable<Account>;
}

/** Where the accounts of a domain stand. @throws {NotFoundError} for an unknown domain */
export async function domainReport(store: Store, name: string, part: ReportPart): Promise<DomainReport> {
  const domain = await store.domains.get(name);
  if (domain === undefined)
    throw new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
  const counts = await store.accounts.counts(name);
  return {
    domain: name,
    state: domain.state,
    sourceWeakTls: domain.source.weakTls === true,
    sourceInClear: domain.source.tls === "none" && !isThisMachine(domain.source.host),
    exclude: domain.exclude,
    counts,
    accounts: accountsOf(store, name, part),
  };
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || isLoopback(host);
}

function accountsOf(store: Store, domain: string, part: ReportPart): AsyncIterable<Account> {
  switch (part) {
    case "stragglers":
      return store.accounts.list({ domain, state: "waiting" });
    case "attention":
      return store.accounts.list({ domain, state: "attention" });
    default:
      return store.accounts.list({ domain });
  }
}

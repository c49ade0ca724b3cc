import type { Address } from "../model/address.ts";

/** A job under lease: one account to be worked on by one worker. */
export interface Lease {
  readonly address: Address;
  /** Who holds it: host, process and a random part. */
  readonly owner: string;
  /** Fencing token: grows with every lease of this account and never comes again. */
  readonly token: number;
  /** How many leases in a row ended in `fail`. */
  readonly failures: number;
}

/** Which job a worker will take. */
export interface LeaseFilter {
  /** Only this account. */
  readonly address?: Address;
  /** No account of these domains: their source has no room, or lets nobody in. */
  readonly notDomains?: readonly string[];
  /** Whether `dueAt` matters: finalize takes an account now, whenever its next pass would be. */
  readonly evenIfNotDue?: boolean;
}

/** One job an account, at most one worker at a time. Times in milliseconds since 1970. The queue dispatches; the ledger holds the truth. */
export interface Queue {
  /** Makes the account due at `dueAt`, or earlier where it already was. While it is leased, another turn follows. */
  put(address: Address, dueAt: number): Promise<void>;
  /** Takes the job that has been due longest and is under no live lease. */
  lease(owner: string, now: number, ttlMs: number, filter?: LeaseFilter): Promise<Lease | undefined>;
  /** Prolongs the lease; false when it is lost and the worker must stop. */
  renew(lease: Lease, now: number, ttlMs: number): Promise<boolean>;
  /** Ends the lease: next turn at `nextDueAt`, or never (`null`) unless somebody has put it meanwhile. */
  finish(lease: Lease, nextDueAt: number | null): Promise<void>;
  /** Ends the lease as failed, to be tried again at `retryAt`. */
  fail(lease: Lease, retryAt: number): Promise<void>;
  /** Ends every lease whose owner `isDead` names, so that a restart after a crash need not wait for their time to run out. */
  releaseDead(isDead: (owner: string) => boolean): Promise<number>;
  remove(address: Address): Promise<void>;
  /** Number of jobs due at `now`, and of those under a live lease. */
  depth(now: number): Promise<{ due: number; leased: number }>;
}

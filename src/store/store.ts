import type { Account, AccountEvent, AccountState, NewAccount, Progress } from "../model/account.ts";
import type { Address } from "../model/address.ts";
import type { BudgetBounds, BudgetUse, PermitKind } from "../model/budget.ts";
import type { Domain } from "../model/domain.ts";
import type { LedgerBatch, LedgerEntry, LedgerFolder, LedgerIntent } from "../model/ledger.ts";
import type { SourceStanding } from "../model/source-standing.ts";

/** Everything imbarco remembers. Each method is one transaction; several processes may hold the same store open. */
export interface Store {
  readonly domains: DomainStore;
  readonly accounts: AccountStore;
  readonly ledger: LedgerStore;
  readonly budgets: BudgetStore;
  readonly throttles: ThrottleStore;
  readonly turns: TurnStore;
  /** Folds logs and free pages, so that what was deleted is gone from the files too. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/** What may be changed of a domain. */
export type DomainPatch = Partial<Omit<Domain, "name" | "createdAt">>;

/** Binds a sealed source password anew when its domain's source changes: the old sealed text in, the new one out. */
export type Reseal = (account: Pick<NewAccount, "address" | "sourceLogin">, sealed: Buffer) => Buffer;

export interface DomainStore {
  /** Adds a domain. @throws {StoreConflictError} when the name is taken */
  add(domain: Domain): Promise<void>;
  get(name: string): Promise<Domain | undefined>;
  /** All domains by name. */
  list(): Promise<Domain[]>;
  /**
   * Changes what the patch names and returns the result. With `reseal`, every sealed source password of the domain is put through it in the
   * same transaction, so that no moment exists in which domain and seals disagree; what it throws undoes everything. @throws {NotFoundError}
   */
  update(name: string, patch: DomainPatch, reseal?: Reseal): Promise<Domain>;
  /** Removes the domain with its accounts, their credentials, jobs and ledgers. @throws {NotFoundError} */
  remove(name: string): Promise<void>;
}

/** What is kept of an account's passwords. Sealed texts are the vault's; the store cannot read them. */
export interface Credentials {
  /** `{ARGON2ID}$argon2id$…` of the password that opens the door. */
  readonly verifier: string;
  /** The source's password, sealed; `null` once purged. */
  readonly sealedSource: Buffer | null;
  /** The target's password, sealed, where the user has changed it there; `null` = as at the source. */
  readonly sealedTarget: Buffer | null;
}

/** What is known of a name that wants to log in: of its domain at least. */
export interface LoginRecord {
  readonly domain: Domain;
  readonly account: Account | undefined;
  readonly kept: Credentials | undefined;
}

export interface AccountFilter {
  readonly domain?: string;
  readonly state?: AccountState;
}

/** What an import did with a batch. */
export interface ImportCounts {
  readonly created: number;
  readonly existing: number;
}

export interface AccountStore {
  /** Adds what is not there yet and leaves alone what is. All in one transaction. @throws {NotFoundError} for an unknown domain */
  addMany(accounts: readonly NewAccount[], createdAt: string): Promise<ImportCounts>;
  get(address: Address): Promise<Account | undefined>;
  /** All that a login needs, at once; `undefined` where there is no such domain. */
  findLogin(address: Address): Promise<LoginRecord | undefined>;
  /** What the import said beside the address, for the provisioner. */
  getNew(address: Address): Promise<NewAccount | undefined>;
  /** All accounts that fit, by address, without holding them all in memory. */
  list(filter: AccountFilter): AsyncIterable<Account>;
  /** Number of accounts a state; states without accounts count 0. */
  counts(domain: string): Promise<Record<AccountState, number>>;
  /** Applies a state event (`nextStanding`) and sets the times that go with it. @throws {NotFoundError} */
  apply(address: Address, event: AccountEvent, at: string): Promise<Account>;
  /**
   * Writes to all accounts of the domain that are captured or being copied what they wait for, or takes it away (`null`); the others keep theirs
   * (`source-waits` for many).
   */
  sourceWaits(domain: string, message: string | null): Promise<void>;
  setProgress(address: Address, progress: Partial<Progress>): Promise<void>;
  /** Notes the end of a whole pass. */
  setLastPass(address: Address, at: string): Promise<void>;
  noteFailedLogin(address: Address, at: string): Promise<void>;
  remove(address: Address): Promise<boolean>;

  getCredentials(address: Address): Promise<Credentials | undefined>;
  putCredentials(address: Address, credentials: Credentials): Promise<void>;
  /** Deletes every sealed password of the domain; verifiers stay. Returns how many accounts had one. */
  purgeSealed(domain: string): Promise<number>;
}

/** The entries of a source folder, in any order; `undefined` = they are not at hand. */
export type KnownEntries = (source: string) => Iterable<LedgerEntry> | undefined;

/**
 * What has been copied, per account and source folder. Every write carries the fencing token of the account's lease and fails
 * with `FencedError` when a later lease has begun, so two workers that both believe they own an account cannot both record.
 */
export interface LedgerStore {
  /** Makes `token` the account's present one. @throws {FencedError} when a later one has begun already */
  begin(address: Address, token: number): Promise<void>;
  /** All folders with their recorded entries. */
  load(address: Address): Promise<LedgerFolder[]>;
  /** Creates the folder's head or replaces it; entries stay as they are. */
  putFolder(address: Address, token: number, folder: Omit<LedgerFolder, "entries">): Promise<void>;
  /** Forgets the entries of a folder, for a changed UIDVALIDITY after the matching has been done, and puts these in their place. */
  replaceEntries(
    address: Address,
    token: number,
    source: string,
    entries: LedgerBatch["entries"],
  ): Promise<void>;
  /** The batch that was begun and not yet recorded, for each connection pair. */
  intents(address: Address): Promise<LedgerIntent[]>;
  /** Written before the first octet of a batch is sent. */
  intend(address: Address, token: number, intent: LedgerIntent): Promise<void>;
  /** Appends the batch to the folder's journal and clears the intent of that name, in one transaction. */
  record(address: Address, token: number, batch: LedgerBatch, intentId: string | null): Promise<void>;
  /** As `record`, for several folders in one transaction: a message that has moved is recorded in both or in none. */
  recordAll(
    address: Address,
    token: number,
    batches: readonly LedgerBatch[],
    intentId: string | null,
  ): Promise<void>;
  /**
   * The source calls the folder `to` from now on: its head, its entries and the intents for it go with it. @throws {NotFoundError} for a folder
   * without a head @throws {StoreConflictError} when `to` has one already
   */
  renameFolder(address: Address, token: number, from: string, to: string): Promise<void>;
  /**
   * Folds the journals of the account's folders into their snapshots.
   * @param known all that is recorded of a folder, from who has loaded it and recorded the rest under this token: then it need not be read again
   */
  fold(address: Address, token: number, known?: KnownEntries): Promise<void>;
}

/** A connection to a source that somebody wants to open. Times in milliseconds since 1970. */
export interface PermitRequest {
  /** `sourceName` of the server. */
  readonly source: string;
  readonly account: Address;
  readonly kind: PermitKind;
  /** Who is to hold it: as with leases, or any text where nobody will renew it. */
  readonly owner: string;
  readonly now: number;
  readonly ttlMs: number;
  readonly bounds: BudgetBounds;
}

/** Connections to sources, counted over all processes, and what is known of each source. What nobody renews in time counts no more. */
export interface BudgetStore {
  /** A permit, if `fits` says so; `null` where not. */
  take(request: PermitRequest): Promise<number | null>;
  /** Prolongs all permits of the owner. */
  renew(owner: string, now: number, ttlMs: number): Promise<void>;
  release(permit: number): Promise<void>;
  /** Drops the permits of owners that `isDead` names. */
  releaseDead(isDead: (owner: string) => boolean): Promise<number>;
  use(source: string, account: Address, now: number): Promise<BudgetUse>;
  /** `UNKNOWN_STANDING` for a source that nothing is known of. */
  standing(source: string): Promise<SourceStanding>;
  /** Of all sources that something is known of, by name. */
  standings(): Promise<ReadonlyMap<string, SourceStanding>>;
  /** Replaces what is known by what `change` makes of it, in one transaction; `change` may be called again and must have no effects. */
  changeStanding(source: string, change: (now: SourceStanding) => SourceStanding): Promise<SourceStanding>;
}

/** Failures of one key within a window. */
export interface FailureCount {
  readonly key: string;
  readonly failures: number;
  /** When they count no more. Milliseconds since 1970. */
  readonly until: number;
}

/** A password that was refused, by a keyed digest. Times in milliseconds since 1970. */
export interface RefusedPassword {
  /** The name it was tried for, and the domain of that name where there is one. */
  readonly name: string;
  readonly domain: string | null;
  readonly digest: Buffer;
  /** How often it was refused. */
  readonly refusals: number;
  /** Nobody is asked about it before. */
  readonly againAt: number;
  /** Until then it counts as one that was tried already. */
  readonly keptUntil: number;
}

/**
 * What failed logins leave behind, for all processes and over restarts. Names need not be accounts: those that nobody has behave the same. Everything here
 * is bounded in time and in number; where there is too much, the oldest goes. Where the disk is full, failures and refusals are kept in the memory of this process until
 * they can be written, so counting never fails for that.
 */
export interface ThrottleStore {
  /** Failures by key, in the order of the keys. */
  counts(keys: readonly string[]): Promise<number[]>;
  /** Counts one failure for each of the keys; the window of a key begins with its first. */
  count(keys: readonly string[], windowMs: number): Promise<void>;
  /** Everything that is counted, most failures first, a bounded number. */
  list(): Promise<FailureCount[]>;
  /** Drops the counts of every key that has this word in it, a network or a name; keys are words with spaces between. Returns how many there were. */
  clear(word: string): Promise<number>;
  refused(name: string, digest: Buffer, now: number): Promise<RefusedPassword | undefined>;
  /** Notes a refusal, the first one or a further one. Returns whether the password had not been tried before. */
  noteRefused(refused: RefusedPassword, now: number): Promise<boolean>;
  /** The servers may be asked again about all passwords refused to this name; they are still no new ones. */
  askAgain(name: string): Promise<void>;
  /** Whether the name has logged in from the network lately, and how many names have. */
  acquaintance(
    name: string,
    network: string,
    now: number,
  ): Promise<{ readonly isKnown: boolean; readonly accounts: number }>;
  /** Of little weight: where the disk is full nothing is noted, and nothing thrown. Returns whether it was noted. */
  noteAcquaintance(name: string, network: string, now: number, keptUntil: number): Promise<boolean>;
}

/** Who may ask a source about an account: one login at a time, over all processes. Times in milliseconds since 1970. */
export interface TurnStore {
  /** Whether it is the owner's turn now; it ends by itself after `ttlMs`. The turn of an owner that `isDead` names has ended. */
  take(
    name: string,
    owner: string,
    now: number,
    ttlMs: number,
    isDead: (owner: string) => boolean,
  ): Promise<boolean>;
  end(name: string, owner: string): Promise<void>;
}

/** The name asked for is not in the store. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** The name is taken. */
export class StoreConflictError extends Error {
  override readonly name = "StoreConflictError";
}

/** A later lease owns the account: this worker must stop at once, and nothing of this write has happened. */
export class FencedError extends Error {
  override readonly name = "FencedError";
}

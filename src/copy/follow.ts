import { backoffMs } from "../kit/backoff.ts";
import { sleep } from "../kit/deadline.ts";
import type { Account } from "../model/account.ts";
import type { Address } from "../model/address.ts";
import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { asFailure, causeChain } from "../model/failure.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { idle } from "../upstream/imap/idle.ts";
import { logOut } from "../upstream/imap/logout.ts";
import { openFolder } from "../upstream/imap/select.ts";
import { connectSource } from "./connect.ts";
import type { CopyDeps } from "./deps.ts";
import type { Permit } from "./governor.ts";

/** How often things are done while an account is followed. Milliseconds. */
export interface FollowPace {
  /** Mail programs close and open connections all the time: following goes on for this long behind the last one. */
  readonly lingerMs: number;
  /** How often INBOX is looked at where the source has no IDLE. */
  readonly pollMs: number;
  /** Without a connection to spare a pass is made this often, and one asked for again. */
  readonly withoutPermitMs: number;
  /** IDLE is begun anew after this: a router may have forgotten the connection without a word. */
  readonly idleMs: number;
  /** How soon it ends when the account is not to be copied any more, or the connection is needed elsewhere. */
  readonly standingMs: number;
}

const PACE: FollowPace = {
  lingerMs: 30_000,
  pollMs: 30_000,
  withoutPermitMs: 120_000,
  idleMs: 5 * 60_000,
  standingMs: 5_000,
};
/** A pass that ended so recently has seen what there is. */
const RECENT_PASS_MS = 3_000;
const RETRY = { firstMs: 2_000, limitMs: 5 * 60_000 };

/** An account that somebody has open. */
interface Followed {
  sessions: number;
  readonly ending: AbortController;
  done: Promise<void>;
  linger: NodeJS.Timeout | null;
  isOver: boolean;
}

/** What the copier does for accounts whose users are logged in. */
export interface Follow {
  /** The user has opened a session: news in the source's INBOX make the account due at once, until `unfollow` was called as often. */
  follow(address: Address): void;
  /** The user has closed a session. */
  unfollow(address: Address): void;
}

/** Follows the source's INBOX of accounts that are open, over one connection each and within the budget. Nothing is changed there. */
export class Followers implements Follow {
  readonly #deps: CopyDeps;
  readonly #onDue: () => void;
  readonly #pace: FollowPace;
  readonly #followed = new Map<Address, Followed>();
  #isStopped = false;

  /** @param onDue an account was put into the queue */
  constructor(deps: CopyDeps, onDue: () => void, pace: Partial<FollowPace> = {}) {
    this.#deps = deps;
    this.#onDue = onDue;
    this.#pace = { ...PACE, ...pace };
  }

  follow(address: Address): void {
    if (this.#isStopped) return;
    const known = this.#followed.get(address);
    if (known?.linger) clearTimeout(known.linger);
    if (known !== undefined && !known.isOver) {
      known.sessions += 1;
      known.linger = null;
      return;
    }
    // One that has ended by itself begins anew: this login may have brought a password that the source takes.
    const followed: Followed = {
      sessions: (known?.sessions ?? 0) + 1,
      ending: new AbortController(),
      done: Promise.resolve(),
      linger: null,
      isOver: false,
    };
    this.#followed.set(address, followed);
    followed.done = this.#run(address, followed.ending.signal).finally(() => {
      followed.isOver = true;
    });
  }

  unfollow(address: Address): void {
    const known = this.#followed.get(address);
    if (known === undefined || known.sessions === 0) return;
    known.sessions -= 1;
    if (known.sessions > 0) return;
    known.linger = setTimeout(() => {
      this.#followed.delete(address);
      known.ending.abort();
    }, this.#pace.lingerMs).unref();
  }

  /** Ends all of them, and resolves when their connections are closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const all = [...this.#followed.values()];
    this.#followed.clear();
    for (const { ending, linger } of all) {
      if (linger !== null) clearTimeout(linger);
      ending.abort();
    }
    await Promise.all(all.map(({ done }) => done));
  }

  /** Never rejects: what goes wrong is logged, and the passes go on by their own time. */
  async #run(address: Address, signal: AbortSignal): Promise<void> {
    try {
      const onNews = async () => {
        await this.#deps.queue.put(address, this.#deps.clock.now());
        this.#onDue();
      };
      await followInbox({ deps: this.#deps, pace: this.#pace, address, signal, onNews });
    } catch (error) {
      if (signal.aborted) return;
      this.#deps.log.warn(
        { event: "copy.follow", account: address, causes: causeChain(error) },
        "the INBOX at the source is not followed any more while this session lasts: the usual passes bring new mail",
      );
    }
  }
}

/**
 * Follows one INBOX until `signal` aborts or the account is not to be copied any more; connects again when a connection breaks.
 * @throws {Failure} `source-auth-failed` when the source takes the password no longer: the next pass says so to whom it concerns
 */
async function followInbox(
  deps: CopyDeps,
  address: Address,
  signal: AbortSignal,
  onNews: () => Promise<void>,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const standing = await standingOf(deps, address);
    if (standing === null) return;
    if (!isRecent(deps, standing.account)) await onNews();
    const permit = await deps.governor.tryPermit(standing.domain.source, address, "follow");
    if (permit === null) {
      await sleepUnlessAborted(WITHOUT_PERMIT_MS, signal);
      continue;
    }
    try {
      await followOver(deps, standing, permit, signal, onNews);
      failures = 0;
    } catch (error) {
      const failure = asFailure(error);
      if (signal.aborted) return;
      if (failure !== error || failure.kind === "source-auth-failed") throw error;
      deps.log.debug(
        { event: "copy.follow", account: address, reason: failure.kind, causes: causeChain(failure) },
        "the connection that followed an INBOX broke; another one follows",
      );
      await sleepUnlessAborted(backoffMs(RETRY, failures), signal);
      failures += 1;
    } finally {
      await permit.release();
    }
  }
}

/** One connection, for as long as it lasts and may. */
async function followOver(
  deps: CopyDeps,
  { account, domain }: Standing,
  permit: Permit,
  signal: AbortSignal,
  onNews: () => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const watching = setInterval(() => {
    void standingOf(deps, account.address).then(
      (standing) => (standing !== null && !permit.isOverdrawn) || over.abort(),
      () => over.abort(),
    );
  }, STANDING_MS).unref();
  const either = AbortSignal.any([signal, over.signal]);
  let connection: ImapConnection | null = null;
  try {
    const opened = await deps.governor.opening(permit, () => connectSource(deps, account, domain, either));
    connection = opened;
    await watchInbox(opened, either, onNews);
    await logOut(opened);
  } finally {
    clearInterval(watching);
    connection?.close();
  }
}

async function watchInbox(
  connection: ImapConnection,
  signal: AbortSignal,
  onNews: () => Promise<void>,
): Promise<void> {
  let seen = lookOf(await openFolder(connection, "INBOX", "examine"));
  while (!signal.aborted) {
    if (connection.has("IDLE")) {
      for await (const _ of idle(connection, { signal, limitMs: IDLE_MS })) await onNews();
      continue;
    }
    await sleepUnlessAborted(POLL_MS, signal);
    if (signal.aborted) return;
    const now = lookOf(await openFolder(connection, "INBOX", "examine"));
    if (now !== seen) await onNews();
    seen = now;
  }
}

type Opened = Awaited<ReturnType<typeof openFolder>>;

function lookOf({ exists, uidNext, uidValidity, highestModSeq }: Opened): string {
  return [exists, uidNext, uidValidity, highestModSeq].join(" ");
}

interface Standing {
  readonly account: Account;
  readonly domain: Domain;
}

/** `null` when the account is not to be copied: there is nothing to follow. */
async function standingOf(deps: CopyDeps, address: Address): Promise<Standing | null> {
  const account = await deps.store.accounts.get(address);
  const domain = account && (await deps.store.domains.get(account.domain));
  if (!account || !domain || !sourceMayBeAsked(domain)) return null;
  return account.state === "waiting" || account.state === "finalized" ? null : { account, domain };
}

function isRecent(deps: CopyDeps, { lastPassAt }: Account): boolean {
  return lastPassAt !== null && deps.clock.now() - Date.parse(lastPassAt) < RECENT_PASS_MS;
}

async function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

import { backoffMs } from "../../kit/backoff.ts";
import { sleep } from "../../kit/deadline.ts";
import type { Account } from "../../model/account.ts";
import type { Address } from "../../model/address.ts";
import { type Domain, sourceMayBeAsked } from "../../model/domain.ts";
import { asFailure, causeChain } from "../../model/failure.ts";
import { idle } from "../../upstream/imap/commands/idle.ts";
import { logOut } from "../../upstream/imap/commands/logout.ts";
import { openFolder } from "../../upstream/imap/commands/select.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { connectSource } from "../connect.ts";
import type { CopyDeps } from "../deps.ts";
import type { Permit } from "../governor/governor.ts";

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
  /** One that does not answer within this has been forgotten, and another is opened. */
  readonly answerMs: number;
  /** How soon it ends when the account is not to be copied any more, or the connection is needed elsewhere. */
  readonly standingMs: number;
}

export const FOLLOW_PACE: FollowPace = {
  lingerMs: 30_000,
  pollMs: 5_000,
  withoutPermitMs: 120_000,
  idleMs: 60_000,
  answerMs: 20_000,
  standingMs: 5_000,
};

/** How long a server has to take note that it is over. */
const GOODBYE_MS = 2_000;
/** How soon a connection is asked for again where there was none to spare. */
const SPARE = { firstMs: 1_000 };
const RETRY = { firstMs: 2_000, limitMs: 5 * 60_000 };

/** One account that is followed. */
export interface Following {
  readonly deps: CopyDeps;
  readonly pace: FollowPace;
  readonly address: Address;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Something has happened in the source's INBOX, or may have. */
  readonly onNews: () => Promise<void>;
}

interface Standing {
  readonly account: Account;
  readonly domain: Domain;
}

/**
 * Follows one INBOX at the source until the signal aborts or the account is not to be copied any more; connects again when a connection breaks. Where the budget
 * has no connection to spare, the account is made due from time to time instead.
 * @throws {Failure} `source-auth-failed` when the source no longer takes the password: the next pass tells whom it concerns
 */
export async function followInbox(following: Following): Promise<void> {
  const { deps, pace, address, signal, onNews } = following;
  let toldAt = Number.NEGATIVE_INFINITY;
  for (let failures = 0, refusals = 0; !signal.aborted; ) {
    const standing = await standingOf(deps, address);
    if (standing === null) return;
    const permit = await deps.governor.tryPermit(standing.domain.source, address, "follow");
    if (permit === null) {
      if (performance.now() - toldAt >= pace.withoutPermitMs) {
        toldAt = performance.now();
        await onNews();
      }
      // A first copy that begins in the same moment stands in line; a moment later there may be a connection to spare.
      const plan = { ...SPARE, limitMs: pace.withoutPermitMs };
      await sleepUnlessAborted(backoffMs(plan, refusals), signal);
      refusals += 1;
      continue;
    }
    refusals = 0;
    try {
      await followOver(following, standing, permit);
      failures = 0;
    } catch (error) {
      const failure = asFailure(error);
      if (signal.aborted) return;
      if (failure.kind === "source-auth-failed") await onNews();
      if (failure !== error || failure.kind === "source-auth-failed") throw error;
      deps.log.debug(
        { event: "copy.follow", account: address, reason: failure.kind, causes: causeChain(failure) },
        "the connection that followed an INBOX at the source broke; another one follows",
      );
      failures += 1;
    } finally {
      await permit.release();
    }
    if (failures > 0) await sleepUnlessAborted(backoffMs(RETRY, failures - 1), signal);
  }
}

/** One connection, for as long as it lasts and may. */
async function followOver(
  following: Following,
  { account, domain }: Standing,
  permit: Permit,
): Promise<void> {
  const { deps, pace, signal } = following;
  const over = new AbortController();
  const look = async () => {
    const standing = await standingOf(deps, account.address).catch(() => null);
    if (standing === null || permit.isOverdrawn) over.abort();
  };
  const looking = setInterval(() => void look(), pace.standingMs).unref();
  const either = AbortSignal.any([signal, over.signal]);
  let connection: ImapConnection | null = null;
  let goodbye: NodeJS.Timeout | undefined;
  either.addEventListener("abort", () => {
    goodbye = setTimeout(() => connection?.close(), GOODBYE_MS);
  });
  try {
    connection = await deps.governor.opening(permit, () => connectSource(deps, account, domain, either));
    await watchInbox(following, connection, either);
    await logOut(connection);
  } finally {
    clearInterval(looking);
    clearTimeout(goodbye);
    connection?.close();
  }
}

/** Read only: EXAMINE, which leaves even \Recent alone. */
async function watchInbox(
  { pace, onNews }: Following,
  connection: ImapConnection,
  signal: AbortSignal,
): Promise<void> {
  const look = () => closeUnlessDone(connection, pace.answerMs, () => lookAtInbox(connection));
  let seen = await look();
  // What came before is no news to IDLE, and perhaps to the copier.
  await onNews();
  while (!signal.aborted) {
    if (connection.has("IDLE")) {
      await closeUnlessDone(connection, pace.idleMs + pace.answerMs, async () => {
        for await (const _ of idle(connection, { signal, limitMs: pace.idleMs })) await onNews();
      });
      continue;
    }
    await sleepUnlessAborted(pace.pollMs, signal);
    if (signal.aborted) return;
    const now = await look();
    if (now !== seen) await onNews();
    seen = now;
  }
}

/** What is not done in time fails, and the connection with it: the usual bounds are those of a copy, which takes as long as it takes. */
async function closeUnlessDone<T>(
  connection: ImapConnection,
  limitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => connection.close(), limitMs);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

async function lookAtInbox(connection: ImapConnection): Promise<string> {
  const { exists, uidNext, uidValidity, highestModSeq } = await openFolder(connection, "INBOX", "examine");
  return [exists, uidNext, uidValidity, highestModSeq].join(" ");
}

/** `null` when the account is not to be copied: there is nothing to follow. */
async function standingOf(deps: CopyDeps, address: Address): Promise<Standing | null> {
  const account = await deps.store.accounts.get(address);
  const domain = account && (await deps.store.domains.get(account.domain));
  if (!account || !domain || !sourceMayBeAsked(domain)) return null;
  // Mail programs log in all day long, and each time the source would see a wrong password again.
  if (account.reason === "source_auth_failed") return null;
  return account.state === "waiting" || account.state === "finalized" ? null : { account, domain };
}

async function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

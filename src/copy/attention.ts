import type { Account, AttentionReason } from "../model/account.ts";
import { causeChain, type Failure, type Wait } from "../model/failure.ts";
import type { Lease } from "../queue/queue.ts";
import type { CopyDeps } from "./deps.ts";
import { waitingMessage } from "./governor/waits.ts";
import { TURNS_BEFORE_ATTENTION } from "./limits.ts";

/** Reasons that mostly pass by themselves: a restart, a short outage. Nobody is called before they have lasted. */
const PASSING: ReadonlySet<AttentionReason> = new Set([
  "source_unreachable",
  "target_unreachable",
  "source_limit",
]);

/** Reasons that are over once both servers have taken the login. */
const OVER_WHEN_CONNECTED: ReadonlySet<AttentionReason> = new Set([
  "source_auth_failed",
  "source_unreachable",
  "source_limit",
  "target_auth_failed",
  "target_unreachable",
]);

/**
 * Writes to the account what a failed turn means for the people who look after it.
 * @param isGettingOn messages were copied before it failed: connections that break now and then are nothing to call anybody for
 */
export async function noteFailure(
  deps: CopyDeps,
  address: string,
  lease: Lease,
  failure: Failure,
  isGettingOn: boolean,
): Promise<void> {
  // As it is now: the turn may have changed it.
  const account = await deps.store.accounts.get(address);
  if (account === undefined) return;
  if (failure.wait !== null) return await noteWait(deps, account, lease, failure, failure.wait);
  const reason = failure.facts.attention;
  const isNew = reason !== null && !isNoted(account, reason, failure.message);
  const isEarly = isGettingOn || lease.failures + 1 < TURNS_BEFORE_ATTENTION;
  const mustWait = reason !== null && PASSING.has(reason) && isEarly;
  deps.log[failure.facts.logLevel](
    {
      event: isNew && !mustWait ? "account.attention" : "copy.failed",
      account: account.address,
      domain: account.domain,
      job: lease.token,
      reason: failure.kind,
      turn: lease.failures + 1,
      causes: causeChain(failure),
    },
    failure.message,
  );
  if (reason !== null && isNew && !mustWait) await apply(deps, account, reason, failure.message);
}

/** A pause that the source asks for is shown as such: nobody has to do anything. */
async function noteWait(
  deps: CopyDeps,
  account: Account,
  lease: Lease,
  failure: Failure,
  wait: Wait,
): Promise<void> {
  const message = waitingMessage(deps.clock.now() + wait.ms, wait.words);
  deps.log.info(
    {
      event: "copy.wait",
      account: account.address,
      domain: account.domain,
      job: lease.token,
      seconds: Math.round(wait.ms / 1000),
      causes: causeChain(failure),
    },
    `${account.address}: ${message}`,
  );
  await deps.store.accounts.apply(account.address, { kind: "source-waits", message }, now(deps));
}

/** Both servers have let the copier in: whatever kept it out is over. */
export async function noteConnected(deps: CopyDeps, account: Account): Promise<void> {
  if (account.state !== "attention" || account.reason === null || !OVER_WHEN_CONNECTED.has(account.reason))
    return;
  await deps.store.accounts.apply(account.address, { kind: "recovered" }, now(deps));
}

/**
 * A pass has ended whole: the account is synced, and where messages were refused it asks for attention, so that the report shows them.
 */
export async function noteWholePass(deps: CopyDeps, account: Account, refused: number): Promise<void> {
  const { accounts } = deps.store;
  await accounts.setLastPass(account.address, now(deps));
  const message = refusedMessage(account.address, refused);
  if (refused > 0 && isNoted(account, "messages_rejected", message)) return;
  if (account.state !== "synced" || refused > 0)
    await accounts.apply(account.address, { kind: "synced" }, now(deps));
  if (refused === 0) return;
  await apply(deps, account, "messages_rejected", message);
  deps.log.warn(
    {
      event: "account.attention",
      account: account.address,
      domain: account.domain,
      reason: "messages-rejected",
      refused,
    },
    message,
  );
}

function refusedMessage(address: string, refused: number): string {
  const [are, them] = refused === 1 ? ["1 message is", "it"] : [`${refused} messages are`, "them"];
  return `${are} not on the target, refused or too large; all else is copied. "imbarco quarantine list ${address}" says why, "imbarco quarantine retry ${address}" tries ${them} again`;
}

function isNoted(account: Account, reason: AttentionReason, message: string): boolean {
  return account.state === "attention" && account.reason === reason && account.message === message;
}

async function apply(
  deps: CopyDeps,
  account: Account,
  reason: AttentionReason,
  message: string,
): Promise<void> {
  await deps.store.accounts.apply(account.address, { kind: "attention", reason, message }, now(deps));
}

function now(deps: CopyDeps): string {
  return new Date(deps.clock.now()).toISOString();
}

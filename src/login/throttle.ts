import { sleep } from "../kit/deadline.ts";
import { Failure } from "../model/failure.ts";
import { judge, LONGEST_REST_MS, restMs, type Verdict } from "../model/throttle.ts";
import { type Attempt, policyOf } from "./attempt.ts";
import type { LoginParts } from "./parts.ts";

const DAY_MS = 24 * 60 * 60_000;
/** When a note that a full disk has not taken is tried again. */
const NOTE_AGAIN_MS = 60_000;
/** Pairs of name and network that this process need not write down again. */
const ACQUAINTANCES_KEPT = 20_000;

/**
 * Holds a login up as its network's and its name's failures say, and turns it away when they are too many.
 * @throws {Failure} `throttled`, after a delay
 */
export async function throttle(parts: LoginParts, attempt: Attempt): Promise<void> {
  const verdict = await verdictOn(parts, attempt);
  await sleep(Math.min(verdict.delayMs, parts.limits.longestDelayMs));
  refuseThrottled(parts, attempt, verdict);
}

/** The same for a login that has waited meanwhile: it is not delayed again. @throws {Failure} `throttled` */
export async function throttleAgain(parts: LoginParts, attempt: Attempt): Promise<void> {
  refuseThrottled(parts, attempt, await verdictOn(parts, attempt));
}

/** Whether the servers have refused this password to this name so lately that they are not asked again. */
export async function isRefusedLately(parts: LoginParts, attempt: Attempt): Promise<boolean> {
  const now = parts.deps.clock.now();
  const refused = await parts.deps.store.throttles.refused(attempt.name, attempt.digest, now);
  return refused !== undefined && now < refused.againAt;
}

/** Notes that the servers have refused the password; one that was not tried before is counted. */
export async function noteWrong(parts: LoginParts, attempt: Attempt): Promise<void> {
  const { deps } = parts;
  const { throttles } = deps.store;
  const { windowMs } = policyOf(deps);
  const { name, domain, digest } = attempt;
  const now = deps.clock.now();
  const refusals = ((await throttles.refused(name, digest, now))?.refusals ?? 0) + 1;
  const againAt = now + restMs(refusals);
  const keptUntil = now + windowMs + LONGEST_REST_MS;
  const isNew = await throttles.noteRefused({ name, domain, digest, refusals, againAt, keptUntil }, now);
  if (!isNew) return;
  const { network, account, pair } = keysOf(attempt);
  await throttles.count(attempt.isExempt ? [account, pair] : [account, pair, network], windowMs);
}

/**
 * Notes a password that no server could be asked about since the store takes nothing, so that it would be told from the right one at will: it counts for its name, once,
 * and is asked about at the next try. Not for its network: first logins come so as well, and those of an office must not shut it out.
 */
export async function noteUnasked(parts: LoginParts, attempt: Attempt): Promise<void> {
  const { deps } = parts;
  const { throttles } = deps.store;
  const { windowMs } = policyOf(deps);
  const { name, domain, digest } = attempt;
  const now = deps.clock.now();
  if ((await throttles.refused(name, digest, now)) !== undefined) return;
  const keptUntil = now + windowMs + LONGEST_REST_MS;
  const isNew = await throttles.noteRefused(
    { name, domain, digest, refusals: 0, againAt: now, keptUntil },
    now,
  );
  const { account, pair } = keysOf(attempt);
  if (isNew) await throttles.count([account, pair], windowMs);
}

/** Notes that the account comes from this network. Nearly always: nothing to do. */
export async function noteAcquaintance(parts: LoginParts, attempt: Attempt): Promise<void> {
  const { deps, limits, acquaintances } = parts;
  const now = deps.clock.now();
  const key = `${attempt.name} ${attempt.network}`;
  if (Math.abs(now - (acquaintances.get(key) ?? Number.NEGATIVE_INFINITY)) < DAY_MS) return;
  acquaintances.delete(key);
  acquaintances.set(key, now);
  const [oldest] = acquaintances.keys();
  if (oldest !== undefined && acquaintances.size > ACQUAINTANCES_KEPT) acquaintances.delete(oldest);
  const isNoted = await deps.store.throttles.noteAcquaintance(
    attempt.name,
    attempt.network,
    now,
    now + limits.acquaintanceMs,
  );
  if (!isNoted) acquaintances.set(key, now - DAY_MS + NOTE_AGAIN_MS);
}

/** Distinct wrong passwords from the network of the attempt. */
export async function failuresOfNetwork(parts: LoginParts, attempt: Attempt): Promise<number> {
  if (attempt.isExempt) return 0;
  const [failures = 0] = await parts.deps.store.throttles.counts([keysOf(attempt).network]);
  return failures;
}

async function verdictOn({ deps }: LoginParts, attempt: Attempt): Promise<Verdict> {
  const { throttles } = deps.store;
  const keys = keysOf(attempt);
  const [network = 0, account = 0, pair = 0] = await throttles.counts([
    keys.network,
    keys.account,
    keys.pair,
  ]);
  // Nearly always nobody has failed, and nothing more is asked.
  if (network + account + pair === 0) return { kind: "pass", delayMs: 0 };
  const known = await throttles.acquaintance(attempt.name, attempt.network, deps.clock.now());
  return judge({ network, account, pair }, { ...known, isExempt: attempt.isExempt }, policyOf(deps));
}

function refuseThrottled({ deps }: LoginParts, { name, network }: Attempt, verdict: Verdict): void {
  if (verdict.kind === "pass") return;
  const whose = {
    network: `from ${network}`,
    account: `for ${name}`,
    pair: `for ${name} from ${network}`,
  }[verdict.by];
  const minutes = Math.round(policyOf(deps).windowMs / 60_000);
  throw new Failure(
    "throttled",
    `too many wrong passwords ${whose} within ${minutes} min; "imbarco throttle clear" forgets them`,
  );
}

function keysOf({ name, network }: Attempt) {
  return {
    network: `network ${network}`,
    account: `account ${name}`,
    pair: `pair ${network} ${name}`,
  };
}

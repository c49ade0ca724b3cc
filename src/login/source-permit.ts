import type { Clock } from "../kit/clock.ts";
import { sleep } from "../kit/deadline.ts";
import { sourceName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { afterRefusal, limitNow } from "../model/source-standing.ts";
import type { Store } from "../store/store.ts";
import { isOneTooMany, serverWords } from "../upstream/one-too-many.ts";
import type { Subject } from "./deps.ts";
import type { LoginLimits } from "./limits.ts";
import { noteReachable } from "./source-brakes.ts";

/** Nobody renews a login's permit: it outlives its process by this at most. Longer than a login takes. */
const PERMIT_MS = 60_000;
/** The longest that a login waits for copiers and other logins to let go of a source that has shown its limit; then it tries its luck. */
const MOMENT_MS = 1_500;
/** The same for a login that has just been refused, since it had no luck. */
const SECOND_MOMENT_MS = 3_000;
const POLL_MS = 50;

/** How often a login that waits looks for permits of processes that have ended, in looks. */
const DEAD_LOOK_EVERY = 40;

interface PermitDeps {
  readonly store: Pick<Store, "budgets">;
  readonly clock: Clock;
  readonly isDead?: (owner: string) => boolean;
}

interface PermitParts {
  readonly deps: PermitDeps;
  readonly limits: Pick<LoginLimits, "asksPerSource" | "sourceQueueMs">;
  readonly owner: string;
}

/**
 * Asks the source with a connection that the copier makes room for. A login is held up by other logins only, of all processes, and hardly by copiers: a
 * source that has shown how many connections it bears, all of them taken, costs it a moment. One that it refuses as one too many lets the copier make
 * room, and asks once more. What it finds out, the copier learns too.
 * @throws {Failure} `too-busy` when other logins do not end @throws what `ask` throws
 */
export async function withSourcePermit<T>(
  parts: PermitParts,
  { account, domain }: Subject,
  ask: () => Promise<T>,
): Promise<T> {
  const { deps } = parts;
  const { budgets } = deps.store;
  const source = sourceName(domain.source);
  const permit = await takePermit(parts, source, account.address);
  try {
    await untilThereIsRoom(deps, source, account.address, MOMENT_MS);
    const answer = await ask().catch(async (error: unknown) => {
      if (!(error instanceof Failure && (await learns(deps, source, account.address, error)))) throw error;
      await untilThereIsRoom(deps, source, account.address, SECOND_MOMENT_MS);
      return await ask();
    });
    await noteReachable(deps, source);
    return answer;
  } finally {
    await budgets.release(permit);
  }
}

/** Waits while as many logins ask as may, in this process or others. */
async function takePermit(
  { deps, limits, owner }: PermitParts,
  source: string,
  account: string,
): Promise<number> {
  const bounds = {
    limit: Number.MAX_SAFE_INTEGER,
    perAccount: Number.MAX_SAFE_INTEGER,
    logins: limits.asksPerSource,
  };
  const { budgets } = deps.store;
  const began = deps.clock.now();
  for (let looks = 0; ; looks += 1) {
    const now = deps.clock.now();
    const request = { source, account, kind: "login" as const, owner, now, ttlMs: PERMIT_MS, bounds };
    const permit = await budgets.take(request);
    if (permit !== null) return permit;
    if (Math.abs(now - began) >= limits.sourceQueueMs)
      throw new Failure(
        "too-busy",
        `${limits.asksPerSource} logins ask the source ${source} already and do not end`,
      );
    // Of processes that were killed in the middle of it.
    if (looks % DEAD_LOOK_EVERY === 1) await budgets.releaseDead((other) => deps.isDead?.(other) ?? false);
    await sleep(POLL_MS);
  }
}

async function untilThereIsRoom(
  deps: PermitDeps,
  source: string,
  account: string,
  momentMs: number,
): Promise<void> {
  const { budgets } = deps.store;
  const began = deps.clock.now();
  for (;;) {
    const now = deps.clock.now();
    const { connections } = await budgets.standing(source);
    const limit = limitNow(Number.MAX_SAFE_INTEGER, connections, now);
    const { logins, sessions, copies } = await budgets.use(source, account, now);
    if (logins + sessions + copies <= limit || Math.abs(now - began) >= momentMs) return;
    await sleep(POLL_MS);
  }
}

/** Whether the source refused the login because of connections that the copier can do without; that is noted. */
async function learns(
  { store, clock }: PermitDeps,
  source: string,
  account: string,
  failure: Failure,
): Promise<boolean> {
  const at = clock.now();
  const { logins, sessions, copies, copiesOfAccount } = await store.budgets.use(source, account, at);
  // Without a connection of the copier's there is nothing that it could do about it.
  if (copies === 0 || !isOneTooMany(failure, true)) return false;
  const words = serverWords(failure);
  const refused = { held: logins + sessions + copies, heldByAccount: copiesOfAccount + 1, at, words };
  await store.budgets.changeStanding(source, (standing) => afterRefusal(standing, refused));
  return true;
}

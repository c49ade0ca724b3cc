import type { Clock } from "../kit/clock.ts";
import { sleep } from "../kit/deadline.ts";
import { afterSuccess } from "../model/breaker.ts";
import { sourceName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { afterRefusal, limitNow } from "../model/source-standing.ts";
import type { Store } from "../store/store.ts";
import { isOneTooMany, serverWords } from "../upstream/one-too-many.ts";
import type { Subject } from "./deps.ts";

/** Nobody renews a login's permit: it outlives its process by this at most. Longer than a login takes. */
const PERMIT_MS = 60_000;
const OWNER = "login";
/** The longest that a login waits for copiers and other logins to let go of a source that has shown its limit; then it tries its luck. */
const MOMENT_MS = 1_500;
/** The same for a login that has just been refused, since it had no luck. */
const SECOND_MOMENT_MS = 3_000;
const POLL_MS = 50;

interface PermitDeps {
  readonly store: Pick<Store, "budgets">;
  readonly clock: Clock;
}

/**
 * Asks the source with a connection that the copier makes room for. A login is never refused here and hardly waits: only a source that has shown how
 * many connections it bears, all of them taken, costs it a moment. One that it refuses as one too many lets the copier make room, and asks once more. What
 * it finds out, the copier learns too.
 * @throws what `ask` throws
 */
export async function withSourcePermit<T>(
  deps: PermitDeps,
  { account, domain }: Subject,
  ask: () => Promise<T>,
): Promise<T> {
  const { budgets } = deps.store;
  const source = sourceName(domain.source);
  const bounds = { limit: Number.MAX_SAFE_INTEGER, perAccount: Number.MAX_SAFE_INTEGER };
  const permit = await budgets.take({
    source,
    account: account.address,
    kind: "login",
    owner: OWNER,
    now: deps.clock.now(),
    ttlMs: PERMIT_MS,
    bounds,
  });
  try {
    await untilThereIsRoom(deps, source, account.address, MOMENT_MS);
    const answer = await ask().catch(async (error: unknown) => {
      if (!(error instanceof Failure && (await learns(deps, source, account.address, error)))) throw error;
      await untilThereIsRoom(deps, source, account.address, SECOND_MOMENT_MS);
      return await ask();
    });
    await noteWorks(deps, source);
    return answer;
  } finally {
    if (permit !== null) await budgets.release(permit);
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
    const { logins, copies } = await budgets.use(source, account, now);
    if (logins + copies <= limit || Math.abs(now - began) >= momentMs) return;
    await sleep(POLL_MS);
  }
}

/** The source lets somebody in: the copier may try again too. */
async function noteWorks({ store, clock }: PermitDeps, source: string): Promise<void> {
  const now = clock.now();
  const { breaker } = await store.budgets.standing(source);
  // Nearly always: no write.
  if (afterSuccess(breaker, now) === breaker) return;
  await store.budgets.changeStanding(source, (standing) => ({
    ...standing,
    breaker: afterSuccess(standing.breaker, now),
  }));
}

/** Whether the source refused the login because of connections that the copier can do without; that is noted. */
async function learns(
  { store, clock }: PermitDeps,
  source: string,
  account: string,
  failure: Failure,
): Promise<boolean> {
  const at = clock.now();
  const { logins, copies, copiesOfAccount } = await store.budgets.use(source, account, at);
  // Without a connection of the copier's there is nothing that it could do about it.
  if (copies === 0 || !isOneTooMany(failure, true)) return false;
  const words = serverWords(failure);
  const refused = { held: logins + copies, heldByAccount: copiesOfAccount + 1, at, words };
  await store.budgets.changeStanding(source, (standing) => afterRefusal(standing, refused));
  return true;
}

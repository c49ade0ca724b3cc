import type { Clock } from "../kit/clock.ts";
import { sleep } from "../kit/deadline.ts";
import { afterSuccess } from "../model/breaker.ts";
import { sourceName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { afterRefusal, limitNow } from "../model/source-standing.ts";
import type { Store } from "../store/store.ts";
import type { Subject } from "./deps.ts";

/** Nobody renews a login's permit: it outlives its process by this at most. Longer than a login takes. */
const PERMIT_MS = 60_000;
const OWNER = "login";
/** The longest that a login waits for copiers and other logins to let go of a source that has shown its limit; then it tries its luck. */
const MOMENT_MS = 1_500;
const POLL_MS = 50;

interface PermitDeps {
  readonly store: Pick<Store, "budgets">;
  readonly clock: Clock;
}

/**
 * Asks the source with a connection that the copier makes room for. A login is never refused here and hardly waits: only a source that has shown how
 * many connections it bears, all of them taken, costs it a moment. What it finds out, the copier learns too.
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
    await untilThereIsRoom(deps, source, account.address);
    const answer = await ask();
    await noteWorks(deps, source);
    return answer;
  } catch (error) {
    if (error instanceof Failure && error.kind === "source-limit")
      await noteRefused(deps, source, account.address, error.message);
    throw error;
  } finally {
    if (permit !== null) await budgets.release(permit);
  }
}

async function untilThereIsRoom(deps: PermitDeps, source: string, account: string): Promise<void> {
  const { budgets } = deps.store;
  const began = deps.clock.now();
  for (;;) {
    const now = deps.clock.now();
    const { connections } = await budgets.standing(source);
    const limit = limitNow(Number.MAX_SAFE_INTEGER, connections, now);
    const { logins, copies } = await budgets.use(source, account, now);
    if (logins + copies <= limit || Math.abs(now - began) >= MOMENT_MS) return;
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

async function noteRefused(
  { store, clock }: PermitDeps,
  source: string,
  account: string,
  words: string,
): Promise<void> {
  const at = clock.now();
  const { logins, copies, copiesOfAccount } = await store.budgets.use(source, account, at);
  // Without a connection of the copier's there is nothing that it could do about it.
  if (copies === 0) return;
  const refused = { held: logins + copies, heldByAccount: copiesOfAccount + 1, at, words };
  await store.budgets.changeStanding(source, (standing) => afterRefusal(standing, refused));
}

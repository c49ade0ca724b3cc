import { afterBraking, afterFailure, afterSuccess, type Breaker } from "../model/breaker.ts";
import type { Domain } from "../model/domain.ts";
import { sourceName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { afterRefusalTook } from "../model/refusal-pace.ts";
import { mayLoginTry, type SourceStanding } from "../model/source-standing.ts";
import { maySpend } from "../model/throttle.ts";
import type { Store } from "../store/store.ts";
import { serverWords } from "../upstream/one-too-many.ts";
import { type Attempt, policyOf } from "./attempt.ts";
import type { LoginDeps } from "./deps.ts";
import type { LoginParts } from "./parts.ts";
import { failuresOfNetwork } from "./throttle.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Refused passwords within the hour after which a source that lets nobody in is taken to have banned us for them. */
const SEVERAL = 3;

/** Why a source is not asked at present, or that it may be: as usual, or as the one try while it lets nobody in. */
export type SourceLeave = Failure | "as usual" | "as a try";

/** Whether the source of a domain may be asked about a password, for names that nobody has too: they must hear the same. */
export async function sourceLeave(parts: LoginParts, domain: Domain, attempt: Attempt): Promise<SourceLeave> {
  return (await whySpared(parts, domain, attempt)) ?? (await breakerLeave(parts.deps, domain));
}

/** The same for a password that is no guess: whether the source lets anybody in at all. */
export async function breakerLeave(deps: LoginDeps, domain: Domain): Promise<SourceLeave> {
  const source = sourceName(domain.source);
  const standing = await deps.store.budgets.standing(source);
  if (standing.breaker.state === "closed") return "as usual";
  return await tryOf(deps, source);
}

/** Why a source hears of no more passwords that may be wrong, or `null`. */
export async function whySpared(
  parts: LoginParts,
  domain: Domain,
  attempt: Attempt,
): Promise<Failure | null> {
  const { deps } = parts;
  const source = sourceName(domain.source);
  const [lastMinute = 0, lastHour = 0] = await deps.store.throttles.counts(keysOf(source));
  const { refusalsPerSource } = policyOf(deps);
  // Nearly always far from the bounds.
  if (
    maySpend({ lastMinute, lastHour }, Number.POSITIVE_INFINITY, refusalsPerSource) ||
    maySpend({ lastMinute, lastHour }, await failuresOfNetwork(parts, attempt), refusalsPerSource)
  )
    return null;
  return new Failure(
    "source-spared",
    `the source ${source} has refused ${lastMinute} passwords within a minute and ${lastHour} within an hour: it is not asked about more, lest it ban imbarco`,
  );
}

/** The source has refused a password, or would have if there were such an account. */
export async function countSourceRefusal(deps: LoginDeps, domain: Domain): Promise<void> {
  const [minute, hour] = keysOf(sourceName(domain.source));
  await deps.store.throttles.count([minute], MINUTE_MS);
  await deps.store.throttles.count([hour], HOUR_MS);
}

/** How long it took the source to refuse a password may show that it has begun to hold us back. */
export async function noteRefusalTook(deps: LoginDeps, domain: Domain, ms: number): Promise<void> {
  const words = `it takes ${Math.round(ms / 1_000)} s to refuse a password`;
  await changeBreaker(deps, sourceName(domain.source), (standing, now) => {
    const { pace, isBraking } = afterRefusalTook(standing.refusals, ms);
    const breaker = isBraking ? afterBraking(standing.breaker, now, words) : standing.breaker;
    return { ...standing, refusals: pace, breaker };
  });
}

/** The source has let a connection in: it can be used again. */
export async function noteReachable(
  { store, clock }: Pick<LoginDeps, "clock"> & { readonly store: Pick<Store, "budgets"> },
  source: string,
): Promise<void> {
  const now = clock.now();
  const { breaker } = await store.budgets.standing(source);
  // Nearly always: no write.
  if (afterSuccess(breaker, now) === breaker) return;
  await store.budgets.changeStanding(source, (standing) => ({
    ...standing,
    breaker: afterSuccess(standing.breaker, now),
    loginTriedAt: null,
  }));
}

/** A login could not reach the source. When that comes in a row, most of all after refused passwords, it is left alone. */
export async function noteUnreachable(deps: LoginDeps, domain: Domain, failure: Failure): Promise<void> {
  if (failure.kind !== "source-unreachable") return;
  const source = sourceName(domain.source);
  const [, hour = 0] = await deps.store.throttles.counts(keysOf(source));
  await changeBreaker(deps, source, (standing, now) => ({
    ...standing,
    breaker: afterFailure(standing.breaker, now, serverWords(failure), hour >= SEVERAL),
  }));
}

/** One line says when logins begin to leave a source alone. */
async function changeBreaker(
  { store, clock, log }: LoginDeps,
  source: string,
  change: (standing: SourceStanding, now: number) => SourceStanding,
): Promise<void> {
  const now = clock.now();
  let before: Breaker["state"] = "closed";
  const { breaker } = await store.budgets.changeStanding(source, (standing) => {
    before = standing.breaker.state;
    const next = change(standing, now);
    return before === "closed" && next.breaker.state === "open" ? { ...next, loginTriedAt: now } : next;
  });
  if (before !== "closed" || breaker.state !== "open") return;
  log.warn(
    {
      event: "source.left-alone",
      source,
      until: new Date(breaker.retryAt).toISOString(),
      words: breaker.words,
    },
    `the source ${source} seems to keep imbarco out or to hold it back: logins and copies leave it alone and try now and then; users who are captured, and whom the new server serves, are not concerned. See that its firewall or fail2ban excepts this machine`,
  );
}

async function tryOf({ store, clock }: LoginDeps, source: string): Promise<SourceLeave> {
  const now = clock.now();
  let leave: SourceLeave = "as usual";
  await store.budgets.changeStanding(source, (standing) => {
    const trial = mayLoginTry(standing, now);
    const { breaker } = standing;
    if (!trial.may) {
      const words = breaker.state === "closed" ? "" : `: ${breaker.words}`;
      leave = new Failure(
        "source-unreachable",
        `the source ${source} lets nobody in at present, and a login tries it again at ${new Date(trial.until).toISOString()}${words}`,
      );
      return standing;
    }
    leave = breaker.state === "closed" ? "as usual" : "as a try";
    return trial.becomes;
  });
  return leave;
}

function keysOf(source: string): [string, string] {
  return [`source-minute ${source}`, `source-hour ${source}`];
}

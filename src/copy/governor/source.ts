import { afterSuccess, mayTry } from "../../model/breaker.ts";
import { type BudgetUse, fits, loginReserve, type PermitKind } from "../../model/budget.ts";
import type { SourceLimits } from "../../model/night.ts";
import { limitNow, type SourceStanding, UNKNOWN_STANDING } from "../../model/source-standing.ts";
import { isDeadHere } from "../owner.ts";
import { DEAD_LOOK_MS, FRESH_MS, PERMIT_MS, PERMIT_POLL_MS } from "./bounds.ts";
import { ByteBucket } from "./byte-bucket.ts";
import type { GovernorDeps } from "./deps.ts";
import { afterLatency, FULL_PACE, type Pace } from "./pace.ts";
import { nobodyLetIn } from "./waits.ts";

/** A permit as its source keeps it. */
export interface HeldPermit {
  readonly id: number;
  readonly account: string;
  readonly kind: PermitKind;
}

/** What one process knows and holds of one source. */
export class GovernedSource {
  readonly name: string;
  readonly held = new Set<HeldPermit>();
  readonly bucket: ByteBucket;
  readonly #deps: GovernorDeps;
  readonly #limits: () => SourceLimits & { readonly pairsPerAccount: number };
  /** Those who wait, in the order they came. */
  readonly #line: object[] = [];
  readonly #waking = new Set<() => void>();
  #pace: Pace = FULL_PACE;
  #standing: SourceStanding = UNKNOWN_STANDING;
  #logins = 0;
  #sessions = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #deadLookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    deps: GovernorDeps,
    name: string,
    limits: () => SourceLimits & { readonly pairsPerAccount: number },
  ) {
    this.#deps = deps;
    this.name = name;
    this.#limits = limits;
    this.bucket = new ByteBucket(
      () => deps.clock.now(),
      () => limits().bytesPerSecond,
    );
  }

  /** Connections to the source in all: what is configured, or what was learned. */
  get limit(): number {
    return limitNow(this.#limits().connectionsPerSource, this.#standing.connections, this.#deps.clock.now());
  }

  /** Connections that copy one account. */
  get perAccount(): number {
    return limitNow(this.#limits().pairsPerAccount, this.#standing.pairs, this.#deps.clock.now());
  }

  /** Connections that the source bears as far as it has shown, sessions among them. */
  get #bearable(): number {
    return limitNow(Number.MAX_SAFE_INTEGER, this.#standing.connections, this.#deps.clock.now());
  }

  get pauseMs(): number {
    return this.#pace.pauseMs;
  }

  /** Whether the copier of this process has more connections than it should by now, or an account waits for its first. */
  get isOverdrawn(): boolean {
    if (this.#line.length > 0) return true;
    const { limit } = this;
    const besideSessions = Math.max(1, this.#bearable - this.#sessions - loginReserve(limit));
    return this.held.size > Math.min(this.#pace.window ?? limit, limit - loginReserve(limit), besideSessions);
  }

  /** Whether a login needs the only connection that the source grants. */
  get loginNeedsOurs(): boolean {
    return this.limit === 1 && this.#logins > 0;
  }

  noteLatency(ms: number): void {
    const at = { now: this.#deps.clock.now(), held: this.held.size, limit: this.limit };
    const before = this.#pace;
    this.#pace = afterLatency(before, ms, at);
    const { window, pauseMs } = this.#pace;
    if (window !== before.window || pauseMs !== before.pauseMs)
      this.#deps.log.debug(
        {
          event: "copy.pace",
          source: this.name,
          window,
          pauseMs,
          latencyMs: Math.round(this.#pace.smoothedMs ?? ms),
        },
        "the copier follows the pace of the source",
      );
  }

  /** Reads what the store knows, unless that was a moment ago. */
  async look(): Promise<void> {
    const now = this.#deps.clock.now();
    if (Math.abs(now - this.#lookedAt) < FRESH_MS) return;
    this.#lookedAt = now;
    this.#standing = await this.#deps.store.budgets.standing(this.name);
    this.#noteUse(await this.#deps.store.budgets.use(this.name, "", now));
  }

  /**
   * A permit, when it is the account's turn.
   * @throws {Failure} `source-wait` while the source lets nobody in; the signal's reason when it aborts
   */
  async wait(account: string, kind: PermitKind, signal: AbortSignal): Promise<HeldPermit> {
    const ticket = {};
    this.#line.push(ticket);
    try {
      for (;;) {
        signal.throwIfAborted();
        const permit = this.#line[0] === ticket ? await this.#take(account, kind, "as first") : null;
        if (permit !== null) return permit;
        if (this.#line[0] === ticket) await this.#dropDead();
        await this.#untilWoken(signal);
      }
    } finally {
      this.#line.splice(this.#line.indexOf(ticket), 1);
      this.wake();
    }
  }

  /** A permit if there is one to spare: nobody waits for it. */
  async tryNow(account: string, kind: PermitKind): Promise<HeldPermit | null> {
    return this.#line.length > 0 ? null : await this.#take(account, kind, "to spare");
  }

  async release(permit: HeldPermit): Promise<void> {
    if (!this.held.delete(permit)) return;
    await this.#deps.store.budgets.release(permit.id);
    this.wake();
  }

  /** Those who wait look again. */
  wake(): void {
    for (const wakeUp of this.#waking) wakeUp();
  }

  /** A connection has been opened and logged in. */
  async noteWorks(): Promise<void> {
    const now = this.#deps.clock.now();
    const { breaker } = await this.#deps.store.budgets.standing(this.name);
    // Nearly always: no write.
    if (afterSuccess(breaker, now) === breaker) return;
    await this.change((standing) => ({ ...standing, breaker: afterSuccess(standing.breaker, now) }));
  }

  async change(change: (now: SourceStanding) => SourceStanding): Promise<void> {
    this.#standing = await this.#deps.store.budgets.changeStanding(this.name, change);
  }

  /** Processes of this machine that were killed hold nothing any more. */
  async #dropDead(): Promise<void> {
    const now = this.#deps.clock.now();
    if (Math.abs(now - this.#deadLookedAt) < DEAD_LOOK_MS) return;
    this.#deadLookedAt = now;
    if ((await this.#deps.store.budgets.releaseDead(isDeadHere)) > 0) this.wake();
  }

  async #take(account: string, kind: PermitKind, need: "as first" | "to spare"): Promise<HeldPermit | null> {
    const { store, clock, owner } = this.#deps;
    const now = clock.now();
    this.#standing = await store.budgets.standing(this.name);
    const trial = mayTry(this.#standing.breaker, now);
    if (!trial.may) {
      if (need === "to spare") return null;
      throw nobodyLetIn(this.name, this.#standing.breaker, now);
    }
    if (need === "to spare" && this.#standing.breaker.state !== "closed") return null;
    if (this.held.size >= (this.#pace.window ?? Number.MAX_SAFE_INTEGER)) return null;
    const bounds = { limit: this.limit, perAccount: this.perAccount, bearable: this.#bearable };
    const use = await store.budgets.use(this.name, account, now);
    this.#noteUse(use);
    if (!fits(kind, use, bounds)) return null;
    if (this.#standing.breaker.state !== "closed" && !(await this.#claimProbe(now)))
      throw nobodyLetIn(this.name, this.#standing.breaker, now);
    const request = { source: this.name, account, kind, owner, now, ttlMs: PERMIT_MS, bounds };
    const id = await store.budgets.take(request);
    if (id === null) return null;
    const permit = { id, account, kind };
    this.held.add(permit);
    return permit;
  }

  #noteUse({ logins, sessions }: BudgetUse): void {
    this.#logins = logins;
    this.#sessions = sessions;
  }

  /** Whether it is ours to try a source that lets nobody in: one of all processes does. */
  async #claimProbe(now: number): Promise<boolean> {
    let isOurs = false;
    await this.change((standing) => {
      const trial = mayTry(standing.breaker, now);
      isOurs = trial.may;
      return trial.may ? { ...standing, breaker: trial.becomes } : standing;
    });
    return isOurs;
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waking.delete(done);
        resolve();
      };
      const timer = setTimeout(done, PERMIT_POLL_MS);
      signal.addEventListener("abort", done, { once: true });
      this.#waking.add(done);
      if (signal.aborted) done();
    });
  }
}

import { sleep } from "../../kit/deadline.ts";
import { afterFailure } from "../../model/breaker.ts";
import type { PermitKind } from "../../model/budget.ts";
import { sourceName } from "../../model/endpoint.ts";
import { causeChain, Failure } from "../../model/failure.ts";
import { limitsAt } from "../../model/night.ts";
import { afterRefusal, type SourceStanding } from "../../model/source-standing.ts";
import { isOneTooMany, serverWords } from "../../upstream/one-too-many.ts";
import { FRESH_MS, PERMIT_MS, PERMIT_RENEWAL_MS, PORTION_SECONDS } from "./bounds.ts";
import type { GovernorDeps, GovernorLimits } from "./deps.ts";
import { GovernedSource, type HeldPermit } from "./source.ts";
import { AskedWaits, steppedAside } from "./waits.ts";

/** A server that mail is copied from. */
type Source = { readonly host: string; readonly port: number };

/** Leave to hold one connection to a source. */
export interface Permit {
  readonly source: string;
  readonly account: string;
  /**
   * Whether there are more connections than there should be by now, or an account waits for its first: a further pair ends after its present wave,
   * and so does following.
   */
  readonly isOverdrawn: boolean;
  /** Gives it back; more than once is fine, and it never rejects. */
  release(): Promise<void>;
}

/** Spares the sources: every connection of the copier is opened by its leave, in every process. */
export interface Governor {
  /**
   * Leave for the account's first connection; waits in line for it.
   * @throws {Failure} `source-wait` while the source wants to be left alone; the signal's reason when it aborts
   */
  permit(source: Source, account: string, signal: AbortSignal): Promise<Permit>;
  /** Leave for a further connection if there is one to spare now, else `null`. */
  tryPermit(source: Source, account: string, kind?: "copy" | "follow"): Promise<Permit | null>;
  /** Runs `work` once a permit for the account is at hand: `permit` then takes that one. @throws as `permit` does */
  reserved<T>(source: Source, account: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /**
   * Opens a connection to the source, login included, and learns from how it goes. When it fails the permit is released.
   * @throws what `open` throws
   */
  opening<T>(permit: Permit, open: () => Promise<T>): Promise<T>;
  /** How long the source took for a cheap command on a connection without other traffic. */
  noteLatency(source: Source, ms: number): void;
  /**
   * Between two waves: waits where the source is slow.
   * @throws {Failure} `source-wait` when the connection is needed for a login; the signal's reason when it aborts
   */
  pace(source: Source, signal: AbortSignal): Promise<void>;
  /** Whether `spend` means anything now. */
  capped(source: Source): boolean;
  /** Octets to ask for at once, so that the cap holds from one second to the next and what was asked for first is there soon; `null` = no cap. */
  portion(source: Source): number | null;
  /** Waits until so many octets of message contents may have come from the source. @throws the signal's reason when it aborts */
  spend(source: Source, octets: number, signal: AbortSignal): Promise<void>;
  /** Obeys the pause that the source has asked for, whoever makes the account due meanwhile. */
  noteWait(account: string, failure: Failure): void;
  /** Connections that the source bears now as far as this process knows. */
  limit(source: Source): number;
  /** What is known of the sources, by `sourceName`. */
  standings(): Promise<ReadonlyMap<string, SourceStanding>>;
  /** From now on these hold. */
  setLimits(limits: GovernorLimits): void;
}

/** Makes the governor of one process. */
export function createGovernor(deps: GovernorDeps & { readonly copy: GovernorLimits }): Governor {
  return new SourceGovernor(deps, deps.copy);
}

class SourceGovernor implements Governor {
  readonly #deps: GovernorDeps;
  readonly #sources = new Map<string, GovernedSource>();
  readonly #reserved = new Map<string, Permit>();
  readonly #waits = new AskedWaits();
  /** Permits that the store did not take back: they would be renewed for ever. */
  readonly #owed = new Set<number>();
  #limits: GovernorLimits;
  #limitsNow = {
    at: Number.NEGATIVE_INFINITY,
    connectionsPerSource: 1,
    bytesPerSecond: null as number | null,
  };
  #renewal: NodeJS.Timeout | null = null;

  constructor(deps: GovernorDeps, limits: GovernorLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  async permit(source: Source, account: string, signal: AbortSignal): Promise<Permit> {
    const at = this.#at(source);
    const key = reservationKey(at, account);
    const reserved = this.#reserved.get(key);
    if (reserved !== undefined) {
      this.#reserved.delete(key);
      return reserved;
    }
    this.#waits.check(account, this.#deps.clock.now());
    return this.#permitFor(at, await at.wait(account, "copy", signal));
  }

  async tryPermit(source: Source, account: string, kind: PermitKind = "copy"): Promise<Permit | null> {
    const at = this.#at(source);
    const held = await at.tryNow(account, kind);
    return held && this.#permitFor(at, held);
  }

  async reserved<T>(
    source: Source,
    account: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    const permit = await this.permit(source, account, signal);
    const key = reservationKey(this.#at(source), account);
    this.#reserved.set(key, permit);
    try {
      return await work();
    } finally {
      if (this.#reserved.get(key) === permit) {
        this.#reserved.delete(key);
        await permit.release();
      }
    }
  }

  async opening<T>(permit: Permit, open: () => Promise<T>): Promise<T> {
    const at = this.#named(permit.source);
    try {
      const opened = await open();
      await at.noteWorks();
      return opened;
    } catch (error) {
      if (error instanceof Failure) await this.#noteRefused(at, permit, error);
      await permit.release();
      throw error;
    }
  }

  noteLatency(source: Source, ms: number): void {
    this.#at(source).noteLatency(ms);
  }

  async pace(source: Source, signal: AbortSignal): Promise<void> {
    const at = this.#at(source);
    await at.look();
    if (at.loginNeedsOurs) throw steppedAside(at.name);
    if (at.pauseMs > 0) await sleep(at.pauseMs, signal);
  }

  capped(_source: Source): boolean {
    return this.#present().bytesPerSecond !== null;
  }

  portion(source: Source): number | null {
    const { bytesPerSecond } = this.#present();
    return (
      bytesPerSecond &&
      Math.ceil((bytesPerSecond * PORTION_SECONDS) / Math.max(1, this.#at(source).held.size))
    );
  }

  async spend(source: Source, octets: number, signal: AbortSignal): Promise<void> {
    if (this.capped(source)) await this.#at(source).bucket.spend(octets, signal);
  }

  noteWait(account: string, failure: Failure): void {
    this.#waits.note(account, failure, this.#deps.clock.now());
  }

  limit(source: Source): number {
    return this.#at(source).limit;
  }

  standings(): Promise<ReadonlyMap<string, SourceStanding>> {
    return this.#deps.store.budgets.standings();
  }

  setLimits(limits: GovernorLimits): void {
    this.#limits = limits;
    this.#limitsNow.at = Number.NEGATIVE_INFINITY;
    for (const source of this.#sources.values()) source.wake();
  }

  /** What the refusal of a connection teaches. */
  async #noteRefused(at: GovernedSource, permit: Permit, failure: Failure): Promise<void> {
    const now = this.#deps.clock.now();
    const words = serverWords(failure);
    const use = await this.#deps.store.budgets.use(at.name, permit.account, now);
    const held = { held: use.logins + use.sessions + use.copies, heldByAccount: use.copiesOfAccount };
    if (isOneTooMany(failure, held.held > 1)) {
      await at.change((standing) => afterRefusal(standing, { ...held, at: now, words }));
      const { limit, perAccount } = at;
      this.#deps.log.info(
        { event: "copy.pace", source: at.name, limit, perAccount, words },
        `the source ${at.name} has refused a connection as one too many: ${limit} at most from now on, ${perAccount} for one account`,
      );
      // With one connection there is nothing left to learn: it lets nobody in.
      if (held.held > 1) return;
    } else if (failure.kind !== "source-unreachable") return;
    await at.change((standing) => ({ ...standing, breaker: afterFailure(standing.breaker, now, words) }));
  }

  #permitFor(at: GovernedSource, held: HeldPermit): Permit {
    this.#renewal ??= setInterval(() => void this.#renew(), PERMIT_RENEWAL_MS).unref();
    return {
      source: at.name,
      account: held.account,
      get isOverdrawn() {
        return at.isOverdrawn;
      },
      release: async () => {
        try {
          await at.release(held);
        } catch (error) {
          this.#owed.add(held.id);
          this.#deps.log.warn(
            { event: "worker.error", causes: causeChain(error) },
            "a permit for a connection could not be given back; it is tried again",
          );
        }
      },
    };
  }

  async #renew(): Promise<void> {
    const isIdle = [...this.#sources.values()].every(({ held }) => held.size === 0);
    if (isIdle && this.#owed.size === 0 && this.#renewal !== null) {
      clearInterval(this.#renewal);
      this.#renewal = null;
      return;
    }
    try {
      for (const id of this.#owed) {
        await this.#deps.store.budgets.release(id);
        this.#owed.delete(id);
      }
      await this.#deps.store.budgets.renew(this.#deps.owner, this.#deps.clock.now(), PERMIT_MS);
    } catch (error) {
      this.#deps.log.warn(
        { event: "worker.error", causes: causeChain(error) },
        "permits for connections could not be renewed",
      );
    }
  }

  /** The limits of this moment; the clock of another time zone is not asked for every octet. */
  #present(): { readonly connectionsPerSource: number; readonly bytesPerSecond: number | null } {
    const now = this.#deps.clock.now();
    if (Math.abs(now - this.#limitsNow.at) >= FRESH_MS)
      this.#limitsNow = { at: now, ...limitsAt(dayOf(this.#limits), this.#limits.night, now) };
    return this.#limitsNow;
  }

  #at(source: Source): GovernedSource {
    return this.#named(sourceName(source));
  }

  #named(name: string): GovernedSource {
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    const limits = () => ({ ...this.#present(), pairsPerAccount: this.#limits.pairsPerAccount });
    const made = new GovernedSource(this.#deps, name, limits);
    this.#sources.set(name, made);
    return made;
  }
}

function dayOf({ connectionsPerSource, bytesPerSecond }: GovernorLimits) {
  return { connectionsPerSource, bytesPerSecond };
}

function reservationKey(source: GovernedSource, account: string): string {
  return `${source.name} ${account}`;
}

import { sourceName } from "../model/endpoint.ts";
import { causeChain } from "../model/failure.ts";
import type { LoginDeps, Subject } from "./deps.ts";

/** A session may last for days, so its permit is renewed; a process that is killed leaves them behind for this long at most. */
const PERMIT_MS = 60_000;
const RENEWAL_MS = 20_000;
/** Sessions are never held up here: the copier makes room for them. */
const BOUNDS = { limit: Number.MAX_SAFE_INTEGER, perAccount: Number.MAX_SAFE_INTEGER };

/** Ends the count of one session; more than once is fine, and it never rejects. */
export type Leave = () => void;

type SessionsDeps = Pick<LoginDeps, "clock" | "log"> & {
  readonly store: Pick<LoginDeps["store"], "budgets">;
};

/** The sessions of this process that lead to sources, counted where the copiers of all processes see them. */
export class SourceSessions {
  readonly #deps: SessionsDeps;
  readonly #owner: string;
  readonly #held = new Set<number>();
  /** Permits that the store did not take back: they would be renewed as long as there are others. */
  readonly #owed = new Set<number>();
  #renewal: NodeJS.Timeout | null = null;

  /** @param owner of this process, as with leases: the permits of one that has died are told by it */
  constructor(deps: SessionsDeps, owner: string) {
    this.#deps = deps;
    // A name of its own, so that no other permit of the process is prolonged with these.
    this.#owner = `${owner}/sessions`;
  }

  /** Counts a session from now on. */
  async count({ account, domain }: Subject): Promise<Leave> {
    const { store, clock } = this.#deps;
    const permit = await store.budgets.take({
      source: sourceName(domain.source),
      account: account.address,
      kind: "session",
      owner: this.#owner,
      now: clock.now(),
      ttlMs: PERMIT_MS,
      bounds: BOUNDS,
    });
    if (permit === null) return nothingToGiveBack;
    this.#held.add(permit);
    this.#renewal ??= setInterval(() => void this.#renew(), RENEWAL_MS).unref();
    return () => {
      if (!this.#held.delete(permit)) return;
      this.#owed.add(permit);
      void this.#giveBack();
    };
  }

  async #giveBack(): Promise<void> {
    await this.#trying("a session's permit could not be given back; it is tried again", async () => {
      for (const permit of this.#owed) {
        await this.#deps.store.budgets.release(permit);
        this.#owed.delete(permit);
      }
    });
    if (this.#held.size + this.#owed.size > 0 || this.#renewal === null) return;
    clearInterval(this.#renewal);
    this.#renewal = null;
  }

  async #renew(): Promise<void> {
    await this.#giveBack();
    if (this.#held.size === 0) return;
    await this.#trying("permits of sessions could not be renewed", () =>
      this.#deps.store.budgets.renew(this.#owner, this.#deps.clock.now(), PERMIT_MS),
    );
  }

  async #trying(complaint: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.warn({ event: "worker.error", causes: causeChain(error) }, complaint);
    }
  }
}

function nothingToGiveBack(): void {
  // The store granted none, which it never does to a session.
}

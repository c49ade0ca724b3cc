import { Semaphore } from "../kit/semaphore.ts";
import { endpointName } from "../model/endpoint.ts";
import { causeChain } from "../model/failure.ts";
import type { Lease } from "../queue/queue.ts";
import type { CopyDeps } from "./deps.ts";
import {
  ACCOUNTS_AT_ONCE,
  CROWDED_IN_A_ROW,
  CROWDED_SOURCE_WAIT_MS,
  LEASE_MS,
  LEASES_HELD,
  QUEUE_TICK_MS,
  TURNS_A_CONNECTION,
} from "./limits.ts";
import { isDeadHere } from "./owner.ts";
import { logBrokenTurn, takeTurn } from "./turn.ts";

/** The copier of one process: takes jobs from the queue until it is told to stop. */
export interface Copier {
  /** Works until `signal` aborts, then ends each job after its present batch and resolves. Never rejects for one account's trouble. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the queue now instead of at the next tick: somebody has just put a job. */
  wake(): void;
}

/** Makes the copier; nothing happens before `run`. */
export function createCopier(deps: CopyDeps): Copier {
  const bell = new Bell();
  return {
    run: (signal) => runWorker(deps, bell, signal),
    wake: () => bell.ring(),
  };
}

async function runWorker(deps: CopyDeps, bell: Bell, signal: AbortSignal): Promise<void> {
  const turns = new Turns(deps, bell, signal);
  const onAbort = () => bell.ring();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await deps.queue.releaseDead(isDeadHere);
    while (!signal.aborted) {
      try {
        await turns.takeAll();
      } catch (error) {
        deps.log.error(
          { event: "worker.error", causes: causeChain(error) },
          "the queue of copy jobs cannot be read; the copier tries again",
        );
      }
      if (!signal.aborted) await bell.wait(QUEUE_TICK_MS);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    await turns.ended();
  }
}

/** The turns under way in this process, and those that wait for a connection to their source. */
class Turns {
  readonly #deps: CopyDeps;
  readonly #bell: Bell;
  readonly #signal: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();
  readonly #atOnce = new Semaphore(ACCOUNTS_AT_ONCE);
  readonly #bySource = new Map<string, { readonly connections: Semaphore; turns: number }>();

  constructor(deps: CopyDeps, bell: Bell, signal: AbortSignal) {
    this.#deps = deps;
    this.#bell = bell;
    this.#signal = signal;
  }

  /** Takes every job that is due, as far as there is room. */
  async takeAll(): Promise<void> {
    let crowded = 0;
    while (!this.#signal.aborted && this.#underWay.size < LEASES_HELD && crowded < CROWDED_IN_A_ROW) {
      const lease = await this.#deps.queue.lease(this.#deps.owner, this.#deps.clock.now(), LEASE_MS);
      if (lease === undefined) return;
      const source = await this.#sourceOf(lease);
      const limit = this.#deps.copy.connectionsPerSource;
      if ((this.#bySource.get(source)?.turns ?? 0) >= limit * TURNS_A_CONNECTION) {
        crowded += 1;
        await this.#deps.queue.finish(lease, this.#deps.clock.now() + CROWDED_SOURCE_WAIT_MS);
      } else {
        this.#start(lease, source);
      }
    }
  }

  async ended(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #start(lease: Lease, source: string): void {
    const line = this.#bySource.get(source) ?? {
      connections: new Semaphore(this.#deps.copy.connectionsPerSource),
      turns: 0,
    };
    this.#bySource.set(source, line);
    line.turns += 1;
    // Whoever waits for a connection does not hold one of the places that accounts of other sources could have.
    const room = <T>(work: () => Promise<T>) => line.connections.run(() => this.#atOnce.run(work));
    const turn = takeTurn(this.#deps, lease, this.#signal, room)
      .then(() => undefined)
      .catch((error: unknown) => logBrokenTurn(this.#deps, lease.address, error))
      .finally(() => {
        line.turns -= 1;
        if (line.turns === 0) this.#bySource.delete(source);
        this.#underWay.delete(turn);
        this.#bell.ring();
      });
    this.#underWay.add(turn);
  }

  async #sourceOf(lease: Lease): Promise<string> {
    const account = await this.#deps.store.accounts.get(lease.address);
    const domain = account && (await this.#deps.store.domains.get(account.domain));
    return domain ? endpointName(domain.source) : "";
  }
}

/** Ends a wait early. A ring that nobody waits for is kept for the next wait. */
class Bell {
  #rung = false;
  #wakeUp: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wakeUp?.();
  }

  async wait(limitMs: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wakeUp = null;
    this.#rung = false;
  }
}

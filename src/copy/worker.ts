import { Semaphore } from "../kit/semaphore.ts";
import type { Endpoint } from "../model/endpoint.ts";
import { causeChain } from "../model/failure.ts";
import type { Lease } from "../queue/queue.ts";
import type { CopyDeps } from "./deps.ts";
import { type Follow, Followers } from "./following/follow.ts";
import { InboxNews } from "./following/inbox-news.ts";
import { ACCOUNTS_AT_ONCE, COMPLAINT_MS, LEASE_MS, LEASES_HELD, QUEUE_TICK_MS } from "./limits.ts";
import { isDeadHere } from "./owner.ts";
import { SourceLines } from "./source-lines.ts";
import { logBrokenTurn, type Room, takeTurn } from "./turn.ts";

/** The copier of one process: takes jobs from the queue until it is told to stop. */
export interface Copier extends Follow {
  /** Works until `signal` aborts, then ends each job after its present batch and resolves. Never rejects for one account's trouble. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the queue now instead of at the next tick: somebody has just put a job. */
  wake(): void;
}

/** Makes the copier; nothing happens before `run`. */
export function createCopier(basics: CopyDeps): Copier {
  const deps = { ...basics, news: new InboxNews() };
  const bell = new Bell();
  const followers = new Followers(deps, () => bell.ring());
  return {
    run: async (signal) => {
      try {
        await runWorker(deps, bell, signal);
      } finally {
        await followers.stop();
      }
    },
    wake: () => bell.ring(),
    follow: (address) => followers.follow(address),
    unfollow: (address) => followers.unfollow(address),
  };
}

async function runWorker(deps: CopyDeps, bell: Bell, signal: AbortSignal): Promise<void> {
  const turns = new Turns(deps, bell, signal);
  const complain = complainer(deps);
  const onAbort = () => bell.ring();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    let hasReleased = false;
    while (!signal.aborted) {
      try {
        if (!hasReleased) await deps.queue.releaseDead(isDeadHere);
        hasReleased = true;
        await turns.takeAll();
      } catch (error) {
        complain(error);
      }
      if (!signal.aborted) await bell.wait(QUEUE_TICK_MS);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    await turns.ended();
  }
}

/** The queue is tried again every second, and what keeps it from working may last: a full disk is not to be filled up with lines about it. */
function complainer({ clock, log }: CopyDeps): (error: unknown) => void {
  let last = { text: "", at: 0 };
  return (error) => {
    const causes = causeChain(error);
    const complaint = { text: causes.join(), at: clock.now() };
    if (complaint.text === last.text && Math.abs(complaint.at - last.at) < COMPLAINT_MS) return;
    last = complaint;
    log.error(
      { event: "worker.error", causes },
      "no copy job can be taken from the queue; the copier tries again",
    );
  };
}

/** The turns under way in this process, and those that wait for a connection to their source. */
class Turns {
  readonly #deps: CopyDeps;
  readonly #bell: Bell;
  readonly #signal: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();
  readonly #atOnce = new Semaphore(ACCOUNTS_AT_ONCE);
  readonly #sources: SourceLines;

  constructor(deps: CopyDeps, bell: Bell, signal: AbortSignal) {
    this.#deps = deps;
    this.#bell = bell;
    this.#signal = signal;
    this.#sources = new SourceLines(deps);
  }

  /** Takes every job that is due, as far as there is room. */
  async takeAll(): Promise<void> {
    await this.#sources.look();
    while (!this.#signal.aborted && this.#underWay.size < LEASES_HELD) {
      const { queue, owner, clock } = this.#deps;
      const notDomains = await this.#sources.domainsWithoutRoom();
      const lease = await queue.lease(owner, clock.now(), LEASE_MS, { notDomains });
      if (lease === undefined) return;
      this.#start(lease, await this.#sourceOf(lease));
    }
  }

  async ended(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #start(lease: Lease, source: Endpoint | null): void {
    const { governor } = this.#deps;
    const leave = this.#sources.enter(source);
    // Whoever waits for a connection does not hold one of the places that accounts of other sources could have.
    const room: Room = (work, signal) => {
      const inPlace = () => this.#atOnce.run(work);
      return source === null ? inPlace() : governor.reserved(source, lease.address, signal, inPlace);
    };
    const turn = takeTurn(this.#deps, lease, this.#signal, room)
      .then(() => undefined)
      .catch((error: unknown) => logBrokenTurn(this.#deps, lease.address, error))
      .finally(() => {
        leave();
        this.#underWay.delete(turn);
        this.#bell.ring();
      });
    this.#underWay.add(turn);
  }

  /** `null` = the account is gone: its turn ends the job. */
  async #sourceOf(lease: Lease): Promise<Endpoint | null> {
    const account = await this.#deps.store.accounts.get(lease.address);
    const domain = account && (await this.#deps.store.domains.get(account.domain));
    return domain?.source ?? null;
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

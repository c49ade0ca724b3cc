import type { FolderName } from "../../model/ledger.ts";

interface Lock {
  /** Messages are on their way to the folder. */
  sending: number;
  /** Somebody looks what has arrived there. */
  isLooking: boolean;
  waiting: (() => void)[];
}

/**
 * Who may use a target folder that several lanes write to. Those who send share it; who looks what has arrived of messages whose fate is unknown has
 * it alone, or would take for its own what another lane has just stored.
 */
export class TargetLocks {
  readonly #locks = new Map<FolderName, Lock>();

  /** Waits while somebody looks. The result gives the folder back, once. */
  async send(target: FolderName): Promise<() => void> {
    const lock = this.#of(target);
    while (lock.isLooking) await turnOf(lock);
    lock.sending += 1;
    return once(() => {
      lock.sending -= 1;
      wake(lock);
    });
  }

  /** Waits until nobody sends to the folder and nobody else looks; then does `work`, while all others wait. */
  async look<T>(target: FolderName, work: () => Promise<T>): Promise<T> {
    const lock = this.#of(target);
    while (lock.isLooking) await turnOf(lock);
    lock.isLooking = true;
    try {
      while (lock.sending > 0) await turnOf(lock);
      return await work();
    } finally {
      lock.isLooking = false;
      wake(lock);
    }
  }

  #of(target: FolderName): Lock {
    const lock = this.#locks.get(target) ?? { sending: 0, isLooking: false, waiting: [] };
    this.#locks.set(target, lock);
    return lock;
  }
}

function turnOf(lock: Lock): Promise<void> {
  return new Promise((resolve) => lock.waiting.push(resolve));
}

function wake(lock: Lock): void {
  const { waiting } = lock;
  lock.waiting = [];
  for (const go of waiting) go();
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

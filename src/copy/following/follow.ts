import type { Address } from "../../model/address.ts";
import { causeChain } from "../../model/failure.ts";
import type { CopyDeps } from "../deps.ts";
import { FOLLOW_PACE, type FollowPace, followInbox } from "./follow-inbox.ts";

/** An account that somebody has open. */
interface Followed {
  sessions: number;
  readonly ending: AbortController;
  done: Promise<void>;
  linger: NodeJS.Timeout | null;
  isOver: boolean;
}

/** What the copier does for accounts whose users are logged in. */
export interface Follow {
  /** The user has opened a session: news in the source's INBOX make the account due at once, until `unfollow` was called as often. */
  follow(address: Address): void;
  /** The user has closed a session. */
  unfollow(address: Address): void;
}

/** Follows the source's INBOX of accounts that are open, over one connection each and within the budget. Nothing is changed there. */
export class Followers implements Follow {
  readonly #deps: CopyDeps;
  readonly #onDue: () => void;
  readonly #pace: FollowPace;
  readonly #followed = new Map<Address, Followed>();
  #isStopped = false;

  /** @param onDue an account was put into the queue */
  constructor(deps: CopyDeps, onDue: () => void, pace: Partial<FollowPace> = {}) {
    this.#deps = deps;
    this.#onDue = onDue;
    this.#pace = { ...FOLLOW_PACE, ...pace };
  }

  follow(address: Address): void {
    if (this.#isStopped) return;
    const known = this.#followed.get(address);
    if (known?.linger) clearTimeout(known.linger);
    if (known !== undefined && !known.isOver) {
      known.sessions += 1;
      known.linger = null;
      return;
    }
    // One that has ended by itself begins anew: this login may have brought a password that the source takes.
    const followed: Followed = {
      sessions: (known?.sessions ?? 0) + 1,
      ending: new AbortController(),
      done: Promise.resolve(),
      linger: null,
      isOver: false,
    };
    this.#followed.set(address, followed);
    followed.done = this.#run(address, followed.ending.signal).finally(() => {
      followed.isOver = true;
    });
  }

  unfollow(address: Address): void {
    const known = this.#followed.get(address);
    if (known === undefined || known.sessions === 0) return;
    known.sessions -= 1;
    if (known.sessions > 0) return;
    known.linger = setTimeout(() => {
      this.#followed.delete(address);
      known.ending.abort();
    }, this.#pace.lingerMs).unref();
  }

  /** Ends all of them, and resolves when their connections are closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const all = [...this.#followed.values()];
    this.#followed.clear();
    for (const { ending, linger } of all) {
      if (linger !== null) clearTimeout(linger);
      ending.abort();
    }
    await Promise.all(all.map(({ done }) => done));
  }

  /** Never rejects: what goes wrong is logged, and the passes go on by their own time. */
  async #run(address: Address, signal: AbortSignal): Promise<void> {
    try {
      const onNews = async () => {
        this.#deps.news?.tell(address);
        await this.#deps.queue.put(address, this.#deps.clock.now());
        this.#onDue();
      };
      await followInbox({ deps: this.#deps, pace: this.#pace, address, signal, onNews });
    } catch (error) {
      if (signal.aborted) return;
      this.#deps.log.warn(
        { event: "copy.follow", account: address, causes: causeChain(error) },
        "the INBOX at the source is not followed any more while this session lasts: the usual passes bring new mail",
      );
    }
  }
}

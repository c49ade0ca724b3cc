import { networkOf } from "../model/network.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { LIMITS } from "../wire/limits.ts";
import { Knocking } from "./knocking.ts";

/** A session as the registry sees it. */
export interface LiveSession {
  readonly id: string;
  readonly protocol: ProtocolName;
  readonly client: { readonly address: string; readonly port: number };
  /** ISO 8601 UTC. */
  readonly openedAt: string;
  /** The account, once it has logged in. */
  readonly account: string | null;
  /** Octets passed on so far, from the client and to it: none before login. */
  counts(): { readonly toTarget: number; readonly toClient: number };
  /** Says goodbye as far as that is possible, and ends. */
  stop(why: StopReason): void;
}

/** Why we end a session ourselves. `crowded`: it has not logged in, and others need its place; its connection is closed without a word. */
export type StopReason = "shutdown" | "kicked" | "crowded";

/** Is told of sessions that have logged in: whoever follows an account while somebody has it open. */
export interface SessionWatcher {
  opened(account: string): void;
  /** As often as `opened`. */
  closed(account: string): void;
}

/** How many sessions that have not logged in one process takes. */
export interface PreLoginBounds {
  /** From one network (`networkOf`). */
  readonly perNetwork: number;
  readonly total: number;
}

/** Fewer than these make no sense in one process, however many there are: a mail program opens several connections at once. */
const LEAST = { perNetwork: 25, total: 50 };

/**
 * The share that one of `processes` has of the machine's bounds. The total, which bounds memory, is divided. Connections of one network fall upon
 * processes by chance, so each grants it twice its share: an honest office is not turned away where it happens to meet one process too often, and a
 * hostile network gets at most twice the bound.
 */
export function preLoginBounds(processes: number): PreLoginBounds {
  const { preLoginPerNetwork: perNetwork, preLoginTotal: total } = LIMITS;
  if (processes <= 1) return { perNetwork, total };
  return {
    perNetwork: Math.min(perNetwork, Math.max(LEAST.perNetwork, Math.ceil((2 * perNetwork) / processes))),
    total: Math.max(LEAST.total, Math.ceil(total / processes)),
  };
}

/** The sessions under way in this process: bounds those that have not logged in, and ends all of them in good order. */
export class SessionRegistry {
  readonly #watcher: SessionWatcher | null;
  readonly #bounds: PreLoginBounds;
  readonly #sessions = new Set<LiveSession>();
  readonly #knocking = new Knocking();
  /** Connections whose load balancer has yet to say for whom it comes. */
  #unnamed = 0;
  /** Connections that are turned away and have not fetched the words. */
  #turnedAway = 0;
  #draining = false;
  #onEmpty: (() => void) | null = null;

  constructor(watcher: SessionWatcher | null = null, bounds: PreLoginBounds = preLoginBounds(1)) {
    this.#watcher = watcher;
    this.#bounds = bounds;
  }

  /** Sessions under way, logged in or not. */
  get count(): number {
    return this.#sessions.size;
  }

  list(): readonly LiveSession[] {
    return [...this.#sessions];
  }

  /** Whether the process is shutting down. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Counts a connection whose load balancer has yet to say for whom it comes; its network is not known so far. What it gives ends that.
   * @returns `null` where the process has as many connections before login as it may have
   */
  awaitHeader(): (() => void) | null {
    if (this.#isFull && !this.#makeRoom(1)) return null;
    this.#unnamed += 1;
    return () => {
      this.#unnamed -= 1;
    };
  }

  /**
   * Counts a connection that was not admitted, while it hears why. What it gives ends that.
   * @returns `null` where so many hear it already that this one is closed without a word
   */
  turnAway(): (() => void) | null {
    if (this.#turnedAway >= LIMITS.turnedAway) return null;
    this.#turnedAway += 1;
    return () => {
      this.#turnedAway -= 1;
    };
  }

  /**
   * Takes a session in, before its login. Where the process has as many of those as it may have, one that has waited long must go: of the network that most come from, so that whoever
   * holds many places pays, and somebody else still gets in.
   * @returns `null` where its network has as many as it may have or, among so many, no fewer than any other, and while draining
   */
  admit(session: LiveSession): Admission | null {
    const network = networkOf(session.client.address);
    if (this.#draining) return null;
    const fromThere = this.#knocking.from(network);
    if (fromThere >= this.#bounds.perNetwork) return null;
    if (this.#isFull && !this.#makeRoom(fromThere + 1)) return null;
    this.#knocking.add(network, session);
    this.#sessions.add(session);
    let opened: string | null = null;
    const comeIn = () => this.#knocking.remove(network, session);
    const loggedIn = () => {
      comeIn();
      if (session.account === null || opened !== null) return;
      opened = session.account;
      this.#watcher?.opened(opened);
    };
    const leave = () => {
      comeIn();
      if (!this.#sessions.delete(session)) return;
      if (opened !== null) this.#watcher?.closed(opened);
      if (this.#sessions.size === 0) this.#onEmpty?.();
    };
    return { loggedIn, leave };
  }

  get #isFull(): boolean {
    return this.#knocking.total + this.#unnamed >= this.#bounds.total;
  }

  /** Ends the session that has waited longest, of a network that has at least so many. @returns whether there was one */
  #makeRoom(least: number): boolean {
    const oldest = this.#knocking.takeOldestOfMost(least);
    oldest?.stop("crowded");
    return oldest !== null;
  }

  /**
   * Ends all sessions: once `preLoginMs` milliseconds are over those that have not logged in, the others once `drainMs` are over and
   * they are still there. Resolves when none is left. The caller has stopped accepting.
   */
  async drain(drainMs: number, preLoginMs = 0): Promise<void> {
    const endPreLogin = () => {
      this.#draining = true;
      for (const session of this.#sessions) if (session.account === null) session.stop("shutdown");
    };
    if (preLoginMs === 0) endPreLogin();
    if (this.#sessions.size === 0) return;
    const timers = [
      setTimeout(endPreLogin, preLoginMs),
      setTimeout(() => {
        for (const session of this.#sessions) session.stop("shutdown");
      }, drainMs),
    ];
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const timer of timers) clearTimeout(timer);
  }
}

/** What the registry gives to a session that it took in. */
export interface Admission {
  /** The session no longer counts as one before login. */
  loggedIn(): void;
  /** The session is over. */
  leave(): void;
}

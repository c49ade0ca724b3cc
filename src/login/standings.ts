import { SingleFlight } from "../kit/single-flight.ts";
import { Failure } from "../model/failure.ts";
import type { LoginLimits } from "./limits.ts";

/** How many failures are kept of a server. */
const KEPT = 16;

interface Standing {
  /** Why the last contact failed; `null` = it did not. */
  failure: Failure | null;
  /** Of `performance.now()`. */
  at: number;
  /** How long contacts took that failed. Milliseconds. */
  readonly failedMs: number[];
}

/** How the servers stand that decide about passwords, as their last contacts have shown. By `host:port`; there are few, so none is dropped. */
export class ServerStandings {
  readonly #limits: LoginLimits;
  readonly #servers = new Map<string, Standing>();
  readonly #contacts = new SingleFlight<void>();

  constructor(limits: LoginLimits) {
    this.#limits = limits;
  }

  /** Does something with a server and remembers whether that could be done. */
  async watch<T>(server: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      const result = await work();
      this.#note(server, null, began);
      return result;
    } catch (error) {
      if (error instanceof Failure) this.#note(server, error, began);
      throw error;
    }
  }

  /**
   * Learns how a server stands: by what is known from the last moments, else by `contact`, once for all who want to know.
   * @returns after how many milliseconds, and why, a login would have failed now; `null` = the server answers
   */
  async failure(
    server: string,
    contact: () => Promise<void>,
  ): Promise<{ failure: Failure; tookMs: number } | null> {
    const known = this.#servers.get(server);
    if (known === undefined || known.at + this.#limits.standingMs < performance.now())
      try {
        await this.#contacts.run(server, () => this.watch(server, contact));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    const { failure = null, failedMs = [] } = this.#servers.get(server) ?? {};
    const tookMs = failedMs[Math.floor(Math.random() * failedMs.length)] ?? 0;
    return failure && { failure, tookMs };
  }

  #note(server: string, failure: Failure | null, began: number): void {
    const at = performance.now();
    const standing = this.#servers.get(server) ?? { failure, at, failedMs: [] };
    this.#servers.set(server, standing);
    standing.failure = failure;
    standing.at = at;
    if (failure === null) return;
    standing.failedMs.push(at - began);
    if (standing.failedMs.length > KEPT) standing.failedMs.shift();
  }
}

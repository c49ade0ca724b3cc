import { SingleFlight } from "../kit/single-flight.ts";
import { Failure } from "../model/failure.ts";
import type { LoginLimits } from "./limits.ts";

interface Standing {
  /** Why the last contact failed; `null` = it did not. */
  readonly failure: Failure | null;
  /** Of `performance.now()`. */
  readonly at: number;
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
    try {
      const result = await work();
      this.#note(server, null);
      return result;
    } catch (error) {
      if (error instanceof Failure) this.#note(server, error);
      throw error;
    }
  }

  /**
   * Why a server cannot be used, or `null`: by what is known from the last moments, unless that is not enough, else by `contact`, once for all who want
   * to know.
   */
  async outage(server: string, contact: () => Promise<void>, isAnew = false): Promise<Failure | null> {
    const known = this.#servers.get(server);
    if (!isAnew && known && known.at + this.#limits.standingMs >= performance.now()) return known.failure;
    try {
      await this.#contacts.run(server, () => this.watch(server, contact));
      return null;
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  }

  #note(server: string, failure: Failure | null): void {
    this.#servers.set(server, { failure, at: performance.now() });
  }
}

/** What the load generator is asked to do, and what it answers; both travel by IPC. */

/** Where it connects. */
export interface Door {
  readonly port: number;
  readonly tls: boolean;
}

/** The accounts of the bench, all with one password. */
export interface Users {
  readonly count: number;
  readonly password: string;
}

export type LoadJob =
  /** Connects, logs in, logs out and begins again, with so many clients at once. */
  | {
      readonly kind: "logins";
      readonly door: Door;
      readonly users: Users;
      readonly clients: number;
      readonly forMs: number;
      /** Whether each client keeps one session ticket for its next connection. */
      readonly resume: boolean;
      /** So many a second, evenly; 0 = as fast as they go. */
      readonly rate: number;
    }
  /** One session that fetches, or stores, messages of `messageOctets` one after the other. */
  | {
      readonly kind: "relay";
      readonly door: Door;
      readonly users: Users;
      readonly forMs: number;
      readonly messageOctets: number;
      readonly direction: "down" | "up";
    }
  /** One session that says NOOP, waits for the answer and says it again. */
  | { readonly kind: "noop"; readonly door: Door; readonly users: Users; readonly forMs: number }
  /** Opens so many sessions and keeps them until `close`. */
  | { readonly kind: "idle"; readonly door: Door; readonly users: Users; readonly sessions: number }
  /** Logs every account in once. */
  | { readonly kind: "greet-all"; readonly door: Door; readonly users: Users }
  /** Ends the idle sessions. */
  | { readonly kind: "close" };

/** What a job found; what does not apply is 0. */
export interface LoadResult {
  /** Logins, messages, NOOPs or sessions. */
  readonly count: number;
  readonly octets: number;
  readonly ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Connections whose TLS session was resumed. */
  readonly resumed: number;
  /** What went wrong, the first few of it. */
  readonly errors: number;
  readonly firstError: string | null;
}

export const userName = (index: number): string => `user${index}@bench.example`;

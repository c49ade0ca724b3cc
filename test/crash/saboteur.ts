import type { Random } from "../../demo/random.ts";
import type { OnPiece } from "../kit/breaking-relay.ts";

export type Side = "source" | "target";

interface Strike {
  readonly side: Side;
  readonly from: "client" | "server";
  /** Octets that still pass on that side in that direction, over all connections. */
  left: number;
  readonly cuts: boolean;
  readonly happened: () => void;
}

/** Waits in the relays for the octet at which something is to break: in the middle of a literal, between commands, before an answer. */
export class Saboteur {
  readonly #random: Random;
  #strike: Strike | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** For the relay in front of one of the servers. */
  onPiece(side: Side): OnPiece {
    return (connection, piece, from) => {
      const strike = this.#strike;
      if (strike === null || strike.side !== side || strike.from !== from) return undefined;
      strike.left -= piece.length;
      if (strike.left > 0) return undefined;
      this.#strike = null;
      strike.happened();
      if (!strike.cuts) return undefined;
      // The octets before the break still go out, and then the connection is reset or closed.
      const how = this.#random.chance(0.5) ? "reset" : "close";
      queueMicrotask(() => connection.break(how));
      return piece.subarray(0, piece.length + strike.left);
    };
  }

  /**
   * Settles when so many octets have passed: `true`, and the connection over which the last of them came is cut where that was asked for.
   * `false` when too few have passed for `limitMs`.
   */
  async strike(at: Omit<Strike, "happened">, limitMs: number): Promise<boolean> {
    return await new Promise((resolve) => {
      const strike: Strike = {
        ...at,
        happened: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        if (this.#strike === strike) this.#strike = null;
        resolve(false);
      }, limitMs);
      this.#strike = strike;
    });
  }
}

import type { ImapConnection } from "../upstream/imap/connection.ts";
import { closePair, leavePair, type Pair } from "./connect.ts";

/** One pair of connections of a pass. Each has its own folder open and its own messages on the way. */
export class Lane {
  /** "1" is the main lane, which lists folders and follows moves; it names what the ledger keeps of messages on the way. */
  readonly name: string;
  readonly #connect: () => Promise<Pair>;
  #pair: Pair;

  constructor(name: string, pair: Pair, connect: () => Promise<Pair>) {
    this.name = name;
    this.#pair = pair;
    this.#connect = connect;
  }

  /** Read only: EXAMINE and BODY.PEEK, never anything else. */
  get source(): ImapConnection {
    return this.#pair.source;
  }

  get target(): ImapConnection {
    return this.#pair.target;
  }

  /** Ends both connections at once: what is under way on them fails. */
  close(): void {
    closePair(this.#pair);
  }

  /** Both connections anew, after one of them broke. What was open on them is open no more. */
  async reconnect(): Promise<void> {
    this.close();
    this.#pair = await this.#connect();
  }

  /** Says goodbye on both sides; for connections between commands. */
  async leave(): Promise<void> {
    await leavePair(this.#pair);
    this.close();
  }
}

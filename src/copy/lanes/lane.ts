import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { closePair, leavePair, type Pair } from "../connect.ts";
import type { Permit } from "../governor/governor.ts";

/** What a source has handed out over one lane, for who wants to know how fast it is. */
export interface Throughput {
  octets: number;
  ms: number;
}

/** One pair of connections of a pass. Each has its own folder open and its own messages on the way. */
export class Lane {
  /** "1" is the main lane, which lists folders and follows moves; it names what the ledger keeps of messages on the way. */
  readonly name: string;
  readonly permit: Permit;
  /** Waves that were begun over it. */
  waves = 0;
  /** The folder that was opened last on both connections. */
  present: object | null = null;
  readonly brought: Throughput = { octets: 0, ms: 0 };
  /** When the source's answering time was last taken, milliseconds since 1970. */
  measuredAt = 0;
  /** Whether it has been decided if this connection is compressed. */
  isCompressionDecided = false;
  readonly #connect: (permit: Permit) => Promise<Pair>;
  #pair: Pair;
  #leaving: Promise<void> | null = null;

  constructor(name: string, permit: Permit, pair: Pair, connect: (permit: Permit) => Promise<Pair>) {
    this.name = name;
    this.permit = permit;
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

  /** The two connections of this moment: after a break there are others. */
  get pair(): Pair {
    return this.#pair;
  }

  /** Whether both connections are still good as far as anybody knows. */
  get isOpen(): boolean {
    return this.source.isOpen && this.target.isOpen;
  }

  /** Ends both connections at once: what is under way on them fails. */
  close(): void {
    closePair(this.#pair);
  }

  /** Both connections anew, after one of them broke. What was open on them is open no more. */
  async reconnect(): Promise<void> {
    this.close();
    this.#pair = await this.#connect(this.permit);
    this.present = null;
    this.isCompressionDecided = false;
  }

  /** The source goes on over another layer; nothing may be under way there. */
  async layer(over: (source: ImapConnection) => Promise<ImapConnection>): Promise<void> {
    this.#pair = { ...this.#pair, source: await over(this.#pair.source) };
  }

  /** Says goodbye on both sides, once; for connections between commands. */
  leave(): Promise<void> {
    this.#leaving ??= leavePair(this.#pair).then(() => this.end());
    return this.#leaving;
  }

  /** Ends both connections and gives the permit back. */
  async end(): Promise<void> {
    this.close();
    await this.permit.release();
  }
}

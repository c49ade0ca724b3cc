import type { LiteralPiece } from "../../../wire/imap/encode.ts";
import type { Supply } from "./supply.ts";

/** A message's octets: all of them, or exactly as many as are announced, piece by piece. */
export type Body = Buffer | AsyncIterable<Buffer> | Supply<Buffer>;

/** Octets that travel as a literal; they need not be in memory. `before` stands on the line of the literal's size. */
export interface BodyPiece {
  readonly before?: string;
  readonly size: number;
  readonly body: Body;
}

/** The line ends here, and the rest is sent when the server says `+`: as AUTHENTICATE without initial response does. */
export const CONTINUE = Symbol("wait for the server's continuation");

/** Asked when its turn has come: what stands behind it waits for the promise, and is not sent where that rejects. */
export type Gate = () => Promise<void> | undefined;

/** A part of a command; a string is one octet a character. */
export type Piece = string | Buffer | LiteralPiece | BodyPiece | typeof CONTINUE;

/** A command without its tag and its last line end. */
export interface Outgoing {
  /** How errors name it: the command word, never an argument. */
  readonly name: string;
  readonly pieces: readonly (Piece | Gate)[];
  /** What comes behind them by and by. It ends early when the server answers before the last one: the command may end after each. */
  readonly coming?: Supply<Piece>;
  /** Longest time until the answer; the connection's own where absent, `null` = as long as something moves. */
  readonly limitMs?: number | null;
}

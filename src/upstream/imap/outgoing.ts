import type { LiteralPiece } from "../../wire/imap/encode.ts";

/** Octets that are not in memory: exactly `size` of them. */
export interface BodyPiece {
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
}

/** The line ends here, and the rest is sent when the server says `+`: as AUTHENTICATE without initial response does. */
export const CONTINUE = Symbol("wait for the server's continuation");

/** A part of a command; a string is one octet a character. */
export type Piece = string | Buffer | LiteralPiece | BodyPiece | typeof CONTINUE;

/** A command without its tag and its last line end. */
export interface Outgoing {
  /** How errors name it: the command word, never an argument. */
  readonly name: string;
  readonly pieces: readonly Piece[];
  /** Longest time until the answer; the connection's own where absent, `null` = as long as something moves. */
  readonly limitMs?: number | null;
}

import type { Detached } from "./imap/connection/connection.ts";
import type { LoginHow, LoginOutcome } from "./login-how.ts";

/**
 * A connection to one of the target's servers, whatever it speaks, up to the login: protected as its endpoint says, told for whom it comes, and ready for a
 * login.
 */
export interface TargetSession {
  /** @throws {Failure} for every answer that says nothing about the password: `target-unreachable`, `target-limit`, `target-protocol` */
  logIn(how: LoginHow): Promise<LoginOutcome>;
  /** Gives the socket away, with what the server has sent behind its last answer. @throws {Failure} when the connection is lost already */
  detach(): Detached;
  /** Says goodbye; nobody waits for it. */
  leave(): void;
  /** Ends the connection at once. */
  close(): void;
}

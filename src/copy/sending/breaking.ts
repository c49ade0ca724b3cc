import { asFailure, type Failure } from "../../model/failure.ts";
import { BREAKING_TRIES, BREAKS_IN_A_ROW } from "../limits.ts";

/** Which messages were alone on the way when a connection broke, and how often. */
export class BreakingMessages {
  readonly #tries = new Map<number, number>();
  #mayBlame = true;
  #breaksInARow = 0;

  /** Something went through: the next one that breaks off may again be the message's own fault. */
  noteProgress(): void {
    this.#mayBlame = true;
    this.#breaksInARow = 0;
  }

  /** @throws {Failure} the given one, where connections break again and again and nothing goes through */
  noteBreak(failure: Failure): void {
    this.#breaksInARow += 1;
    if (this.#breaksInARow > BREAKS_IN_A_ROW) throw failure;
  }

  /**
   * Whether the message counts as the cause now.
   * @throws {Failure} the given one, where message after message breaks off: then it is not the messages
   */
  isCause(uid: number, failure: Failure): boolean {
    const tries = (this.#tries.get(uid) ?? 0) + 1;
    this.#tries.set(uid, tries);
    if (tries < BREAKING_TRIES) return false;
    if (!this.#mayBlame) throw failure;
    this.#mayBlame = false;
    return true;
  }
}

/**
 * The failure of a connection that broke, or whose server does not speak as it should, so that another try on a new one is worth it.
 * @throws whatever was thrown, where it is anything else
 */
export function brokenConnection(thrown: unknown): Failure {
  const failure = asFailure(thrown);
  if (thrown !== failure) throw thrown;
  switch (failure.kind) {
    case "source-unreachable":
    case "source-protocol":
    case "target-unreachable":
    case "target-protocol":
      return failure;
    default:
      throw failure;
  }
}

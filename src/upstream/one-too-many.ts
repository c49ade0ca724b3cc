import type { Failure } from "../model/failure.ts";
import { isAboutNumber } from "./failures.ts";
import { isUngreeted } from "./ungreeted.ts";

/**
 * Whether a source refused a connection because there are too many already, as far as one can tell.
 * @param others whether we had other connections to it: one that ends without a word is no sign of number where there were none
 */
export function isOneTooMany(failure: Failure, others: boolean): boolean {
  switch (failure.kind) {
    case "source-limit":
      return true;
    case "source-wait":
      return isAboutNumber(serverWords(failure));
    case "source-unreachable":
      return others && isUngreeted(failure);
    default:
      return false;
  }
}

/** What the server said when it sent us away, as `sentAway` quotes it; the whole sentence where it said nothing. */
export function serverWords(failure: Failure): string {
  return failure.wait?.words ?? /: (".*")$/s.exec(failure.message)?.[1] ?? failure.message;
}

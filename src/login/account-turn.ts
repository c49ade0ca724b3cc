import { sleep } from "../kit/deadline.ts";
import { Failure } from "../model/failure.ts";
import type { LoginParts } from "./parts.ts";

/** How often a login looks whether another process has ended its turn. Milliseconds. */
const POLL_MS = 50;

/**
 * Runs `work` when no other login of this name asks servers about a password, in any process. `work` hears whether it had to wait: then what it knew
 * before may have changed.
 * @throws {Failure} `too-busy` when that took too long
 */
export function inTurn<T>(
  parts: LoginParts,
  name: string,
  work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  const { deps, limits } = parts;
  const due = deps.clock.now() + limits.turnWaitMs;
  let hasWaited = parts.asking.has(name);
  return parts.asking.run(name, async () => {
    while (!(await isOurs(parts, name))) {
      if (deps.clock.now() >= due)
        throw new Failure("too-busy", "another login of the same name asks the servers and does not end");
      hasWaited = true;
      await sleep(POLL_MS);
    }
    try {
      if (deps.clock.now() >= due)
        throw new Failure("too-busy", "too many logins of the same name wait for one another");
      return await work(hasWaited);
    } finally {
      await deps.store.turns.end(name, parts.owner);
    }
  });
}

function isOurs({ deps, limits, owner }: LoginParts, name: string): Promise<boolean> {
  return deps.store.turns.take(
    name,
    owner,
    deps.clock.now(),
    limits.turnMs,
    (other) => deps.isDead?.(other) ?? false,
  );
}

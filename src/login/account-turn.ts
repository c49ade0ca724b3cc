import { sleep } from "../kit/deadline.ts";
import { untilAborted } from "../kit/until-aborted.ts";
import { Failure } from "../model/failure.ts";
import type { Place } from "./asking-lanes.ts";
import type { Attempt } from "./attempt.ts";
import type { LoginParts } from "./parts.ts";
import { unlessUnwritable } from "./unwritable.ts";

/** How often a login looks whether another process has ended its turn. Milliseconds. */
const POLL_MS = 50;
/** How long a name rests after a turn in this process, so that those who look for it in others come in between. Milliseconds. */
const GIVE_WAY_MS = 2 * POLL_MS;

/**
 * Runs `work` when its network has a place for it and no other login of this name asks servers about a password, in any process. `work` hears whether it
 * had to wait: then what it knew before may have changed.
 *
 * Nobody holds the one while waiting for the other, so neither does a name's queue fill its network's places, nor a network's queue keep the turn of a
 * name whose owner comes from elsewhere. Names that nobody has wait in the same way.
 * @throws {Failure} `too-busy` when that took too long or too many wait
 */
export async function inTurn<T>(
  parts: LoginParts,
  attempt: Pick<Attempt, "name" | "network" | "isExempt">,
  work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  const { name, network, isExempt } = attempt;
  const { networkQueueMs } = parts.limits;
  const lanes = isExempt ? parts.exemptLanes : parts.lanes;
  const gaveUp = new AbortController();
  const timer = setTimeout(() => {
    const words = `a login of ${name} from ${network} has waited ${networkQueueMs} ms for its turn at the servers`;
    gaveUp.abort(new Failure("too-busy", words));
  }, networkQueueMs);
  try {
    return await lanes.ask.run(network, name, gaveUp.signal, async (place) => {
      const turn = await takeTurn(parts, name, place, gaveUp.signal);
      clearTimeout(timer);
      try {
        return await work(turn.hasWaited);
      } finally {
        await endTurn(parts, name, turn);
      }
    });
  } finally {
    clearTimeout(timer);
  }
}

interface Turn {
  readonly hasWaited: boolean;
  /** Lets others of this process look for the turn. */
  readonly pass: () => void;
}

/** Waits without a place as long as it is another's turn; of this process only one looks at a time, and those who have waited longest come first. */
async function takeTurn(parts: LoginParts, name: string, place: Place, signal: AbortSignal): Promise<Turn> {
  let { hasWaited } = place;
  for (;;) {
    const another = parts.asking.get(name);
    if (another === undefined) {
      const pass = announce(parts, name);
      const isTaken = await isOurs(parts, name).catch((error: unknown) => {
        pass();
        throw error;
      });
      if (isTaken) return { hasWaited, pass };
      await place.leaveFor(() => sleep(POLL_MS, signal).finally(pass));
    } else await place.leaveFor(() => untilAborted(another, signal));
    hasWaited = true;
  }
}

/** Has others of this process wait until the function returned is called. */
function announce({ asking }: LoginParts, name: string): () => void {
  const end = Promise.withResolvers<void>();
  asking.set(name, end.promise);
  return () => {
    asking.delete(name);
    end.resolve();
  };
}

async function endTurn({ deps, owner }: LoginParts, name: string, { pass }: Turn): Promise<void> {
  try {
    // Where the disk is full it ends by itself.
    await unlessUnwritable(() => deps.store.turns.end(name, owner));
  } finally {
    // Nobody's answer waits for this.
    setTimeout(pass, GIVE_WAY_MS).unref();
  }
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

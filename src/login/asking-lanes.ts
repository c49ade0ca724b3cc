import { Failure } from "../model/failure.ts";

/** How many of a network ask servers. */
interface LaneBounds {
  /** At the same time. */
  readonly places: number;
  /** That may wait for a place, for another of their name, or for the name's turn. */
  readonly waiters: number;
  /** Of those, that may wait for one of their own name and network to end. */
  readonly waitersOfName: number;
}

/** A place in the lane of a network. */
export interface Place {
  /** Whether there was a wait for it. */
  readonly hasWaited: boolean;
  /** Leaves the place to others as long as `wait` lasts, and is the first to get one back then. @throws what `wait` throws; the signal's reason when it aborts before */
  leaveFor(wait: () => Promise<void>): Promise<void>;
}

interface Waiter {
  readonly name: string;
  readonly start: () => void;
}

interface Lane {
  free: number;
  /** Those who are in it in any way. */
  users: number;
  /** Names of those who have got a place, and have perhaps left it for a while. */
  readonly names: Set<string>;
  readonly arriving: Waiter[];
  readonly returning: Waiter[];
}

/**
 * Bounds by network how many logins ask servers at the same time, and lets only one of each name be among them: those who wait for one of their own name take no
 * place from others. Else in the order they came.
 */
export class AskingLanes {
  readonly #bounds: LaneBounds;
  /** Only of networks that somebody comes from. */
  readonly #lanes = new Map<string, Lane>();

  constructor(bounds: LaneBounds) {
    this.#bounds = bounds;
  }

  /**
   * Runs `work` when there is a place for it. @param signal ends the wait for a place, not the work
   * @throws {Failure} `too-busy` when too many wait @throws the signal's reason when it aborts before
   */
  async run<T>(
    network: string,
    name: string,
    signal: AbortSignal,
    work: (place: Place) => Promise<T>,
  ): Promise<T> {
    const { places } = this.#bounds;
    const lane = this.#lanes.get(network) ?? {
      free: places,
      users: 0,
      names: new Set(),
      arriving: [],
      returning: [],
    };
    this.#refuseTooMany(lane, network, name);
    this.#lanes.set(network, lane);
    lane.users += 1;
    try {
      const hasWaited = lane.free === 0 || lane.names.has(name);
      await placeIn(lane, lane.arriving, name, signal);
      return await inPlace(lane, name, hasWaited, signal, work);
    } finally {
      lane.users -= 1;
      if (lane.users === 0) this.#lanes.delete(network);
    }
  }

  #refuseTooMany(lane: Lane, network: string, name: string): void {
    const { places, waiters, waitersOfName } = this.#bounds;
    if (lane.users - (places - lane.free) >= waiters)
      throw new Failure(
        "too-busy",
        `${waiters} logins wait for the servers for the network ${network} already`,
      );
    const ofName = lane.arriving.filter((waiter) => waiter.name === name).length;
    if (ofName >= waitersOfName)
      throw new Failure(
        "too-busy",
        `${waitersOfName} logins of ${name} from ${network} wait for one another already`,
      );
  }
}

/** Does the work in a place that was given, and hands it on. */
async function inPlace<T>(
  lane: Lane,
  name: string,
  hasWaited: boolean,
  signal: AbortSignal,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  let isHeld = true;
  const leave = () => {
    if (isHeld) lane.free += 1;
    isHeld = false;
  };
  const leaveFor = async (wait: () => Promise<void>) => {
    leave();
    advance(lane);
    await wait();
    await placeIn(lane, lane.returning, name, signal);
    isHeld = true;
  };
  try {
    return await work({ hasWaited, leaveFor });
  } finally {
    leave();
    lane.names.delete(name);
    advance(lane);
  }
}

/** Waits in this line of the lane until there is a place. */
function placeIn(lane: Lane, line: Waiter[], name: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const at = line.indexOf(waiter);
      if (at >= 0) line.splice(at, 1);
      reject(signal.reason as Error);
    };
    const start = () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    const waiter = { name, start };
    if (signal.aborted) {
      giveUp();
      return;
    }
    signal.addEventListener("abort", giveUp, { once: true });
    line.push(waiter);
    advance(lane);
  });
}

/** Gives what places there are to those whose names are not in yet; to those who have left one before. */
function advance(lane: Lane): void {
  while (lane.free > 0) {
    const next = lane.returning.shift() ?? firstOfNewName(lane);
    if (next === undefined) return;
    lane.free -= 1;
    lane.names.add(next.name);
    next.start();
  }
}

function firstOfNewName({ arriving, names }: Lane): Waiter | undefined {
  const at = arriving.findIndex(({ name }) => !names.has(name));
  return at < 0 ? undefined : arriving.splice(at, 1)[0];
}

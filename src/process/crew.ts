import type { Log } from "../log/log.ts";
import type { Seat } from "./jobs.ts";
import { endText, type Member, type MemberEnd, nameOf } from "./member.ts";
import { Respawn } from "./respawn.ts";

export interface CrewDeps {
  readonly log: Log;
  /** @param isFirst whether it is one of those that begin together, from the plan as it was checked just now; not in place of one that has ended */
  start(seat: Seat, isFirst: boolean): Member;
  /** One has begun to serve. */
  onReady(member: Member): void;
  /** One has ended. */
  onGone(member: Member): void;
}

interface Place {
  readonly seat: Seat;
  readonly respawn: Respawn;
  member: Member | null;
  /** Until the next one is started. */
  timer: NodeJS.Timeout | null;
}

/** The processes that serve together, started from the same code and configuration: each that dies is replaced, until they are stopped. */
export class Crew {
  readonly #deps: CrewDeps;
  readonly #places: readonly Place[];
  #isEstablished = false;
  #isStopping = false;

  constructor(deps: CrewDeps, seats: readonly Seat[]) {
    this.#deps = deps;
    this.#places = seats.map((seat) => ({ seat, respawn: new Respawn(), member: null, timer: null }));
  }

  /** Those that live, whether they serve already or not. */
  get members(): Member[] {
    return this.#places.flatMap(({ member }) => member ?? []);
  }

  /**
   * Starts all of them and waits until all serve.
   * @throws {StartFailure} when one cannot; the others are to be stopped then
   */
  async start(): Promise<void> {
    await Promise.all(this.#places.map((place) => this.#fill(place).ready));
    this.#isEstablished = true;
  }

  /**
   * Has them drain, and ends by force those that are still there after `limitMs`. Resolves when all have ended.
   * @param handedOver whether others serve in their place
   */
  async stop(limitMs: number, handedOver: boolean): Promise<void> {
    this.#isStopping = true;
    for (const { timer } of this.#places) if (timer !== null) clearTimeout(timer);
    const members = this.members;
    for (const member of members) member.stop(handedOver);
    const timer = setTimeout(() => this.#force(), limitMs);
    await Promise.all(members.map(({ ended }) => ended));
    clearTimeout(timer);
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const member of this.members) member.kill();
  }

  #force(): void {
    for (const member of this.members) {
      const { job: role, number } = member.seat;
      this.#deps.log.warn(
        { event: "process.exit", role, number, process: member.pid },
        "a process does not end, and is ended by force",
      );
      member.kill();
    }
  }

  #fill(place: Place): Member {
    const member = this.#deps.start(place.seat, !this.#isEstablished);
    place.member = member;
    place.timer = null;
    const { job: role, number } = place.seat;
    this.#deps.log.info(
      { event: "process.start", role, number, process: member.pid },
      "A process was started.",
    );
    member.ready.then(
      () => {
        this.#deps.log.debug(
          { event: "process.ready", role, number, process: member.pid },
          "A process serves.",
        );
        this.#deps.onReady(member);
      },
      () => undefined, // `ended` follows
    );
    void member.ended.then((end) => this.#onEnd(place, member, end));
    return member;
  }

  #onEnd(place: Place, member: Member, end: MemberEnd): void {
    place.member = null;
    this.#deps.onGone(member);
    const { job: role, number } = place.seat;
    const { status, signal } = end;
    const seconds = Math.round(end.servedMs) / 1000;
    const fields = { event: "process.exit", role, number, process: member.pid, status, signal, seconds };
    const isFailedStart = !this.#isEstablished && !member.hasServed;
    if (this.#isStopping || isFailedStart) {
      this.#deps.log.info(fields, "A process has ended.");
      return;
    }
    const waitMs = place.respawn.waitMs(end.servedMs);
    this.#deps.log.error(
      { ...fields, waitMs },
      `${nameOf(place.seat)} ended ${end.complaint === null ? endText(end) : `and said: ${end.complaint}`}; it is replaced${waitMs === 0 ? "" : ` in ${waitMs} ms`}`,
    );
    if (waitMs === 0) this.#fill(place);
    else place.timer = setTimeout(() => this.#fill(place), waitMs);
  }
}

import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import type { SessionInfo } from "../model/session-info.ts";
import { Crew } from "./crew.ts";
import { doingOf } from "./doing.ts";
import { Inquiries } from "./inquiries.ts";
import { type Plan, seatsOf } from "./jobs.ts";
import { Member, nameOf } from "./member.ts";
import { ACCOUNTS_AT_ONCE, type Question, type ToProcess, type ToSupervisor } from "./messages.ts";
import { planAnew } from "./planner.ts";
import { Presence, type Present } from "./presence.ts";
import { Watch, type Watching } from "./watch.ts";

/** Beyond the drain time: what a session gets for its last words, and a copy at least for its batch. */
const STOP_GRACE_MS = 25_000;

export interface SupervisorDeps {
  readonly log: Log;
  /** The supervisor's own options of Node. */
  readonly nodeOptions: readonly string[];
  readonly watching: Watching;
  /** Another plan has come into force. */
  onPlan(plan: Plan): void;
}

/** Starts the processes of a plan, replaces those that die, carries what crosses from one to another, and hands over to a new set of them. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #presence = new Presence<Member>();
  readonly #inquiries = new Inquiries<Member>();
  readonly #watch: Watch<Member>;
  #looking: NodeJS.Timeout | undefined;
  #plan: Plan;
  #crew: Crew;
  /** Those that are about to take over. */
  #next: Crew | null = null;
  /** Those that drain. */
  readonly #leaving = new Map<Crew, Promise<void>>();
  #renewal: Promise<void> | null = null;
  #renewAgain = false;
  #isStarted = false;
  #isStopping = false;

  constructor(deps: SupervisorDeps, plan: Plan) {
    this.#deps = deps;
    this.#plan = plan;
    this.#watch = new Watch(deps.watching, ({ pid }) => doingOf(pid));
    this.#crew = this.#crewOf(plan);
  }

  /** Resolves when all serve. @throws {StartFailure} when one cannot; all have ended then */
  async start(): Promise<void> {
    this.#looking = setInterval(() => this.#endHung(), this.#deps.watching.askMs);
    try {
      await this.#crew.start();
      this.#isStarted = true;
      this.#renewIfAsked();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Has every process read the configuration again. */
  reload(): void {
    for (const member of this.#members()) member.send({ kind: "reload" });
  }

  /** Puts processes of the code and the configuration on disk in place of the present ones, which drain; where that fails, the present ones go on. */
  renew(): void {
    if (this.#isStopping) return;
    // What is only just starting may have read the configuration before it was changed.
    if (this.#renewal !== null || !this.#isStarted) {
      this.#renewAgain = true;
      return;
    }
    this.#renewal = this.#renewOnce().finally(() => {
      this.#renewal = null;
      this.#renewIfAsked();
    });
  }

  #renewIfAsked(): void {
    const again = this.#renewAgain;
    this.#renewAgain = false;
    if (again) this.renew();
  }

  /** Asks every process about its sessions. @returns how many did not answer */
  ask(question: Question, onSessions: (sessions: readonly SessionInfo[]) => void): Promise<number> {
    const proxies = this.#members().filter(({ seat, hasServed }) => seat.job === "proxy" && hasServed);
    return this.#inquiries.ask(proxies, question, onSessions);
  }

  /** Drains everything; resolves when all processes have ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const crews = [this.#crew, ...(this.#next === null ? [] : [this.#next])];
    await Promise.all(crews.map((crew) => this.#leave(crew)));
    await Promise.all([...this.#leaving.values(), this.#renewal]);
    clearInterval(this.#looking);
  }

  /** Ends every process at once. */
  kill(): void {
    for (const member of this.#members()) member.kill();
  }

  async #renewOnce(): Promise<void> {
    const { log, nodeOptions } = this.#deps;
    log.info({ event: "serve.renew" }, "told to renew the processes; the present ones serve meanwhile");
    try {
      const plan = await planAnew(this.#plan.configuration, nodeOptions, log);
      if (this.#isStopping) return;
      const next = this.#crewOf(plan);
      this.#next = next;
      try {
        await next.start();
      } catch (error) {
        await this.#leave(next);
        throw error;
      } finally {
        this.#next = null;
      }
      if (this.#isStopping) return;
      const old = this.#crew;
      this.#crew = next;
      void this.#leave(old, true);
      this.#plan = plan;
      this.#setLevel(plan.logLevel);
      this.#deps.onPlan(plan);
      log.info({ event: "serve.renew", ...counts(plan) }, "new processes serve; the former ones drain");
    } catch (error) {
      log.error(
        { event: "serve.renew", causes: causeChain(error) },
        `the processes could not be renewed, the present ones go on: ${(error as Error).message}`,
      );
    }
  }

  #leave(crew: Crew, handedOver = false): Promise<void> {
    const known = this.#leaving.get(crew);
    if (known !== undefined) return known;
    const left = crew
      .stop(this.#plan.drainMs + STOP_GRACE_MS, handedOver)
      .finally(() => this.#leaving.delete(crew));
    this.#leaving.set(crew, left);
    return left;
  }

  #crewOf(plan: Plan): Crew {
    const { log, nodeOptions } = this.#deps;
    const hear = (member: Member, message: ToSupervisor) => this.#hear(member, message);
    return new Crew(
      {
        log,
        start: (seat, isFirst) =>
          new Member({ log, nodeOptions, hear }, seat, {
            proxies: plan.proxies,
            configuration: plan.configuration,
            written: plan.written,
            isFresh: isFirst,
          }),
        onReady: (member) => this.#onReady(member),
        onGone: (member) => this.#onGone(member),
      },
      seatsOf(plan),
    );
  }

  #members(): Member[] {
    const crews = new Set([
      this.#crew,
      ...(this.#next === null ? [] : [this.#next]),
      ...this.#leaving.keys(),
    ]);
    return [...crews].flatMap((crew) => crew.members);
  }

  /** One that still starts has a bound of its own. One that drains may take hours, but answers. */
  #endHung(): void {
    const serving = this.#members().filter(({ hasServed }) => hasServed);
    for (const { process: member, silentMs, what } of this.#watch.look(serving)) {
      const { job: role, number } = member.seat;
      const fields = { role, number, process: member.pid, silentMs };
      const silent = `${nameOf(member.seat)} has not answered for ${silentMs / 1000} s`;
      if (what === "waits") {
        this.#deps.log.error(
          { event: "process.waits", ...fields },
          `${silent}: it waits for something outside it, and is left alone; look at the disk, at who holds the database, and at whoever reads the log`,
        );
        continue;
      }
      const then = member.isAtWork ? "and replaced" : "since it cannot drain";
      this.#deps.log.error({ event: "process.hung", ...fields }, `${silent}; it is ended by force ${then}`);
      member.killHung(silentMs);
    }
  }

  #hear(member: Member, message: ToSupervisor): void {
    this.#watch.heard(member);
    switch (message.kind) {
      case "wake":
        this.#tellCopiers({ kind: "wake" });
        return;
      case "opened":
        this.#presence.opened(member, message.account);
        this.#tellCopiers({ kind: "opened", accounts: [[message.account, 1]] });
        return;
      case "closed":
        if (this.#presence.closed(member, message.account))
          this.#tellCopiers({ kind: "closed", accounts: [[message.account, 1]] });
        return;
      case "reloaded":
        this.#setLevel(message.logLevel);
        return;
      case "answer":
        this.#inquiries.take(member, message.id, message.sessions, message.last);
        return;
      default:
    }
  }

  #onReady(member: Member): void {
    if (member.seat.job === "copier")
      for (const accounts of inParts(this.#presence.all())) member.send({ kind: "opened", accounts });
    this.#tellReadiness();
  }

  #onGone(member: Member): void {
    this.#inquiries.gone(member);
    for (const accounts of inParts(this.#presence.gone(member)))
      this.#tellCopiers({ kind: "closed", accounts });
    this.#tellReadiness();
  }

  #setLevel(level: string): void {
    // Newer code may know levels that this one does not.
    if (level in this.#deps.log.levels.values) this.#deps.log.level = level;
  }

  #tellCopiers(message: ToProcess): void {
    for (const member of this.#members())
      if (member.seat.job === "copier" && member.isAtWork) member.send(message);
  }

  /** What `/readyz` says of the other processes. */
  #tellReadiness(): void {
    const members = this.#members();
    const ready = Object.fromEntries(
      seatsOf(this.#plan)
        .filter(({ job }) => job !== "admin")
        .map(({ job }) => [job, members.some(({ seat, isAtWork }) => seat.job === job && isAtWork)]),
    );
    for (const member of members) if (member.seat.job === "admin") member.send({ kind: "crew", ready });
  }
}

/** How many processes of each kind, for the log. */
export function counts({ proxies, copiers, admins }: Plan): Record<string, number> {
  return { proxies, copiers, admins };
}

function inParts(present: readonly Present[]): Present[][] {
  return Array.from({ length: Math.ceil(present.length / ACCOUNTS_AT_ONCE) }, (_, index) =>
    present.slice(index * ACCOUNTS_AT_ONCE, (index + 1) * ACCOUNTS_AT_ONCE),
  );
}

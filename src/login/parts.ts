import { randomBytes, randomUUID } from "node:crypto";
import type { Secret } from "../kit/secret.ts";
import { SingleFlight } from "../kit/single-flight.ts";
import { AnswerTimes } from "./answer-times.ts";
import { AskingLanes } from "./asking-lanes.ts";
import type { Admission, LoginDeps } from "./deps.ts";
import { Gate } from "./gate.ts";
import { LOGIN_LIMITS, type LoginLimits } from "./limits.ts";
import { RememberedPasswords } from "./remembered.ts";
import { SettlingAccounts } from "./settling.ts";
import { SourceSessions } from "./source-sessions.ts";
import { ServerStandings } from "./standings.ts";
import { Turns } from "./turns.ts";

/** What logins wait for with others of their network, by that: one network's guesses keep nobody else waiting. */
interface Lanes {
  /** Until a password is compared with what is kept: hashes cost much, and few are made at a time. */
  readonly compare: Gate;
  /** Until servers are asked about it. */
  readonly ask: AskingLanes;
}

/** What a login works with, and what the logins of this process know of each other. */
export interface LoginParts {
  readonly deps: LoginDeps;
  readonly limits: LoginLimits;
  readonly remembered: RememberedPasswords;
  /** How long accounts have waited to be refused, and to be told that a server is down. */
  readonly refusals: AnswerTimes;
  readonly outages: AnswerTimes;
  /** To the sources, by `host:port`. */
  readonly sources: Gate;
  readonly lanes: Lanes;
  /** Of networks that the configuration exempts. */
  readonly exemptLanes: Lanes;
  readonly standings: ServerStandings;
  /** Sessions that lead to sources. */
  readonly sourceSessions: SourceSessions;
  readonly settling: SettlingAccounts;
  /** Captures, by address. */
  readonly turns: Turns;
  /** When the logins end that ask servers, or look whether it is their turn to, by name. */
  readonly asking: Map<string, Promise<void>>;
  /** Holds the turns that all processes know of. */
  readonly owner: string;
  /** Admissions under way, by name and password digest. */
  readonly flights: SingleFlight<Admission>;
  /** Keys the digests that name flights; known to this process only. */
  readonly flightKey: Buffer;
  /** Keys the digests of refused passwords; all processes have the same. */
  readonly digestKey: Secret;
  /** When a name and network were last written down as acquainted; the oldest first. */
  readonly acquaintances: Map<string, number>;
}

export function loginParts(deps: LoginDeps, changed: Partial<LoginLimits> = {}): LoginParts {
  const limits = { ...LOGIN_LIMITS, ...changed };
  const waiters = limits.waitersPerNetwork;
  const lanes = (comparesAtOnce: number, asksAtOnce: number): Lanes => ({
    compare: new Gate("password hashes for the network", {
      places: comparesAtOnce,
      waiters,
      queueMs: limits.networkQueueMs,
    }),
    ask: new AskingLanes({ places: asksAtOnce, waiters, waitersOfName: limits.waitersPerName }),
  });
  const owner = deps.owner ?? randomUUID();
  return {
    deps,
    limits,
    remembered: new RememberedPasswords(deps.clock, limits),
    refusals: new AnswerTimes(limits.refusals),
    outages: new AnswerTimes(limits.outages),
    sources: new Gate("the source", {
      places: limits.asksPerSource,
      waiters: limits.waitersPerSource,
      queueMs: limits.sourceQueueMs,
    }),
    lanes: lanes(limits.comparesPerNetwork, limits.asksPerNetwork),
    exemptLanes: lanes(limits.asksPerExemptNetwork, limits.asksPerExemptNetwork),
    standings: new ServerStandings(limits),
    settling: new SettlingAccounts(deps.clock, limits),
    turns: new Turns(),
    asking: new Map(),
    owner,
    sourceSessions: new SourceSessions(deps, owner),
    flights: new SingleFlight(),
    flightKey: randomBytes(32),
    digestKey: deps.vault.secretFor("refused passwords"),
    acquaintances: new Map(),
  };
}

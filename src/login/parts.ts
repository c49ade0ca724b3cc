import { randomBytes } from "node:crypto";
import { SingleFlight } from "../kit/single-flight.ts";
import { AnswerTimes } from "./answer-times.ts";
import type { Admission, LoginDeps } from "./deps.ts";
import { LOGIN_LIMITS, type LoginLimits } from "./limits.ts";
import { RememberedPasswords } from "./remembered.ts";
import { SettlingAccounts } from "./settling.ts";
import { SourceGate } from "./source-gate.ts";
import { ServerStandings } from "./standings.ts";
import { Turns } from "./turns.ts";

/** What a login works with, and what the logins of this process know of each other. */
export interface LoginParts {
  readonly deps: LoginDeps;
  readonly limits: LoginLimits;
  readonly remembered: RememberedPasswords;
  /** How long accounts have waited to be refused, and to be told that a server is down. */
  readonly refusals: AnswerTimes;
  readonly outages: AnswerTimes;
  readonly sources: SourceGate;
  readonly standings: ServerStandings;
  readonly settling: SettlingAccounts;
  /** Captures, by address. */
  readonly turns: Turns;
  /** Admissions under way, by name and password digest. */
  readonly flights: SingleFlight<Admission>;
  /** Keys the digests that name flights; known to this process only. */
  readonly flightKey: Buffer;
}

export function loginParts(deps: LoginDeps, changed: Partial<LoginLimits> = {}): LoginParts {
  const limits = { ...LOGIN_LIMITS, ...changed };
  return {
    deps,
    limits,
    remembered: new RememberedPasswords(deps.clock, limits),
    refusals: new AnswerTimes(limits.refusals),
    outages: new AnswerTimes(limits.outages),
    sources: new SourceGate(limits),
    standings: new ServerStandings(limits),
    settling: new SettlingAccounts(deps.clock, limits),
    turns: new Turns(),
    flights: new SingleFlight(),
    flightKey: randomBytes(32),
  };
}

import type { CopyConfig } from "../config/config.ts";
import type { Domain } from "../model/domain.ts";
import { sourceName } from "../model/endpoint.ts";
import { isNight, limitsAt } from "../model/night.ts";
import { isLowered, type LearnedLimit, limitNow } from "../model/source-standing.ts";
import type { Store } from "../store/store.ts";
import { timeText } from "./account-view.ts";
import { counted } from "./counted.ts";
import { sizeText } from "./quantities.ts";

/** A limit as `domain show` tells it. */
interface LimitView {
  /** What holds now. */
  readonly limit: number;
  readonly configured: number;
  /** When the source showed that it bears no more; `null` while the configured limit holds. */
  readonly learnedAt: string | null;
  /** What it said then. */
  readonly words: string | null;
}

/** How the copier treats the source of a domain at present. */
export interface SourceView {
  readonly connections: LimitView & {
    /** Of logins and of the copier. */
    readonly inUse: number;
    /** Of users whose mail the source still serves (`serve source-until-synced`); they do not count for `limit`. */
    readonly sessions: number;
  };
  readonly pairsPerAccount: LimitView;
  /** Cap on message contents in each process; `null` = none. */
  readonly bytesPerSecond: number | null;
  /** Whether the limits are those of `copy.night`. */
  readonly isNight: boolean;
  /** While the source lets nobody in: since when, until when nobody tries, and why; else `null`. */
  readonly leftAlone: { readonly since: string; readonly until: string; readonly words: string } | null;
}

/** What is known of the source of a domain. */
export async function sourceView(store: Store, domain: Domain, copy: CopyConfig): Promise<SourceView> {
  const now = Date.now();
  const source = sourceName(domain.source);
  const { connections, pairs, breaker } = await store.budgets.standing(source);
  const { logins, sessions, copies } = await store.budgets.use(source, "", now);
  const { connectionsPerSource, bytesPerSecond } = limitsAt(copy, copy.night, now);
  return {
    connections: { ...limitView(connectionsPerSource, connections, now), inUse: logins + copies, sessions },
    pairsPerAccount: limitView(copy.pairsPerAccount, pairs, now),
    bytesPerSecond,
    isNight: copy.night !== null && isNight(copy.night, now),
    leftAlone:
      breaker.state === "closed"
        ? null
        : { since: timeOf(breaker.since), until: timeOf(breaker.retryAt), words: breaker.words },
  };
}

/** The same as rows for a person. */
export function sourceRows(view: SourceView): [string, string][] {
  const { connections, pairsPerAccount, bytesPerSecond, leftAlone } = view;
  const night = view.isNight ? ", by night" : "";
  return [
    [
      "connections",
      `${limitText(connections)}${night}; ${connections.inUse} in use${connections.sessions > 0 ? `, and ${counted(connections.sessions, "session")} there` : ""}`,
    ],
    ...(bytesPerSecond === null
      ? []
      : [["bandwidth", `${sizeText(bytesPerSecond)}/s at most${night}`] as [string, string]]),
    ...(pairsPerAccount.learnedAt === null
      ? []
      : [["pairs per account", limitText(pairsPerAccount)] as [string, string]]),
    ...(leftAlone === null
      ? []
      : [["left alone", `until ${timeText(leftAlone.until)}: ${leftAlone.words}`] as [string, string]]),
  ];
}

function limitView(configured: number, learned: LearnedLimit | null, now: number): LimitView {
  const isLearned = learned !== null && isLowered(configured, learned, now);
  return {
    limit: limitNow(configured, learned, now),
    configured,
    learnedAt: isLearned ? timeOf(learned.at) : null,
    words: isLearned ? learned.words : null,
  };
}

function limitText({ limit, configured, learnedAt, words }: LimitView): string {
  return learnedAt === null
    ? String(limit)
    : `${limit} of ${configured} (learned at ${timeText(learnedAt)}: ${words})`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

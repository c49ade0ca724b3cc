import { isMeant, type SessionInfo } from "../model/session-info.ts";
import { type Question, SESSIONS_AT_ONCE } from "../process/messages.ts";
import type { LiveSession, SessionRegistry } from "../session/registry.ts";

/** Answers a question about the sessions of this process, in parts; those to be kicked are told as they were and then ended. */
export function answerAboutSessions(
  registry: SessionRegistry,
  { does, filter }: Question,
  onSessions: (sessions: readonly SessionInfo[]) => void,
): void {
  const meant = registry.list().filter((session) => isMeant(session, filter));
  const nowMs = Date.now();
  for (let at = 0; at < meant.length; at += SESSIONS_AT_ONCE)
    onSessions(meant.slice(at, at + SESSIONS_AT_ONCE).map((session) => infoOf(session, nowMs)));
  if (does === "kick") for (const session of meant) session.stop("kicked");
}

function infoOf(session: LiveSession, nowMs: number): SessionInfo {
  const { id, protocol, account, client, openedAt } = session;
  const { toTarget, toClient } = session.counts();
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(openedAt)) / 1000));
  return { id, protocol, account, client, openedAt, seconds, toTarget, toClient, pid: process.pid };
}

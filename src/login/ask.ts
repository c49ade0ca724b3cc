import type { Secret } from "../kit/secret.ts";
import { sourceLoginOf } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { logIn } from "../upstream/imap/commands/login.ts";
import { logOut } from "../upstream/imap/commands/logout.ts";
import { openImapTarget } from "../upstream/imap-login/open.ts";
import type { Attempt } from "./attempt.ts";
import type { Subject } from "./deps.ts";
import { type Originator, originOf } from "./originating.ts";
import type { LoginParts } from "./parts.ts";
import { countSourceRefusal, noteRefusalTook, whySpared } from "./source-brakes.ts";
import { withSourcePermit } from "./source-permit.ts";
import { withSource } from "./with-source.ts";

/**
 * Whether the source takes the password; no more logins than it can bear ask it at a time. What that shows of the source is noted.
 * @param attempt of a password that may be a guess: those who have waited for the source together must not all reach it
 * @throws {Failure} `too-busy`, `source-spared`, `source-unreachable`, `source-limit`, `source-wait`, `source-protocol`
 */
export async function sourceAccepts(
  parts: LoginParts,
  subject: Subject,
  password: Secret,
  attempt?: Attempt,
): Promise<boolean> {
  const { deps, sources, standings } = parts;
  const { domain } = subject;
  const user = Buffer.from(sourceLoginOf(domain, subject.account), "utf8");
  let tookMs = 0;
  const ask = () =>
    withSourcePermit(parts, subject, () =>
      withSource(deps, domain, undefined, async (connection) => {
        const began = performance.now();
        const { kind } = await logIn(connection, { kind: "password", user, password });
        tookMs = performance.now() - began;
        // Polite, but the user does not wait for it.
        void logOut(connection);
        return kind === "ok";
      }),
    );
  const name = endpointName(domain.source);
  return await sources.run(name, async () => {
    const spared = attempt && (await whySpared(parts, domain, attempt));
    if (spared) throw spared;
    const accepted = await standings.watch(`source ${name}`, ask);
    if (!accepted) {
      // Before the next one's turn.
      await countSourceRefusal(deps, domain);
      await noteRefusalTook(deps, domain, tookMs);
    }
    return accepted;
  });
}

/**
 * Whether the target takes the password as the user's own.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`
 */
export async function targetAccepts(
  parts: LoginParts,
  subject: Subject,
  password: Secret,
  originator: Originator,
): Promise<boolean> {
  return parts.standings.watch(`target ${endpointName(parts.deps.target.imap)}`, async () => {
    const { deps } = parts;
    const target = await openImapTarget(deps, deps.target.imap, originOf(originator));
    const user = Buffer.from(subject.account.address, "utf8");
    try {
      return (await target.logIn({ kind: "password", user, password })).kind === "ok";
    } finally {
      // Polite, but the user does not wait for it.
      target.leave();
    }
  });
}

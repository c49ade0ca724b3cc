import type { Secret } from "../kit/secret.ts";
import { untilAborted } from "../kit/until-aborted.ts";
import { sourceLoginOf } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { logIn } from "../upstream/imap/commands/login.ts";
import { logOut } from "../upstream/imap/commands/logout.ts";
import type { ImapConnection } from "../upstream/imap/connection/connection.ts";
import type { TargetSession } from "../upstream/target-session.ts";
import { sourceSealContext } from "../vault/seal-context.ts";
import { attemptOf } from "./attempt.ts";
import { wrongPassword } from "./authenticate.ts";
import type { Admission, LoginGrant, LoginRequest, Subject } from "./deps.ts";
import type { LoginParts } from "./parts.ts";
import { breakerLeave, countSourceRefusal, noteRefusalTook } from "./source-brakes.ts";
import { withSourcePermit } from "./source-permit.ts";
import type { Leave } from "./source-sessions.ts";
import { isRefusedLately, noteWrong } from "./throttle.ts";
import { withSource } from "./with-source.ts";

/**
 * Opens the account's mailbox at the source, for the policy `source-until-synced`. It is opened as when a password is asked about, and counts as a session until
 * its connection is closed, so that the copier leaves room for it. A source that lets nobody in is left alone as by every other login.
 * @throws {Failure} `too-busy`, `source-unreachable`, `source-limit`, `source-wait`, `source-protocol`; `wrong-password` when the source no longer takes the
 * password; the signal's reason when it aborts
 */
export async function connectSource(
  parts: LoginParts,
  { subject }: Admission,
  request: LoginRequest,
  signal: AbortSignal,
): Promise<LoginGrant> {
  const { sources, standings } = parts;
  const name = endpointName(subject.domain.source);
  const attempt = attemptOf(parts, request, request.password);
  // Right here and no longer there: a phone that has kept it tries for weeks.
  if (await isRefusedLately(parts, attempt)) throw await wrongPassword(parts, subject);
  const leave = await breakerLeave(parts.deps, subject.domain);
  if (leave instanceof Failure) throw leave;
  // A copy: the client may be gone, and its password wiped, before this has come to its end.
  const password = await passwordAtSource(parts, subject, request.password);
  const opening = sources
    .run(name, () =>
      standings.watch(`source ${name}`, () =>
        withSourcePermit(parts, subject, () => openSession(parts, subject, password, signal)),
      ),
    )
    .finally(() => password.wipe());
  const opened = await untilAborted(opening, signal).catch((error: unknown) => {
    opening.then((late) => late.session?.close(), failedToo);
    throw error;
  });
  if (opened.session === null) {
    await countSourceRefusal(parts.deps, subject.domain);
    await noteRefusalTook(parts.deps, subject.domain, opened.tookMs);
    await noteWrong(parts, attempt);
    throw await wrongPassword(parts, subject);
  }
  const { account, domain } = subject;
  return {
    account: account.address,
    domain: domain.name,
    target: opened.session,
    capability: opened.capability,
    servedBy: "source",
  };
}

/** What the source knows of the user: the password just given, unless the user has chosen another on the target, which the source has never heard. */
async function passwordAtSource(
  { deps }: LoginParts,
  { account, domain }: Subject,
  given: Secret,
): Promise<Secret> {
  const kept = await deps.store.accounts.getCredentials(account.address);
  if (!kept?.sealedTarget || !kept.sealedSource) return given.copy();
  return deps.vault.unseal(kept.sealedSource, sourceSealContext(domain, account));
}

/** Without a session, the source does not take the password, and has taken so long to say that. */
type Opened =
  | { readonly session: TargetSession; readonly capability: string | null }
  | { readonly session: null; readonly tookMs: number };

function openSession(
  parts: LoginParts,
  subject: Subject,
  password: Secret,
  signal: AbortSignal,
): Promise<Opened> {
  const { account, domain } = subject;
  const user = Buffer.from(sourceLoginOf(domain, account), "utf8");
  return withSource(parts.deps, domain, signal, async (connection) => {
    const began = performance.now();
    const outcome = await logIn(connection, { kind: "password", user, password });
    if (outcome.kind === "refused") {
      void logOut(connection);
      return { session: null, tookMs: performance.now() - began };
    }
    const leave = await parts.sourceSessions.count(subject);
    return { session: countedSession(connection, leave), capability: outcome.capability };
  });
}

/** Counts until the connection ends, in whose hands it may be by then. */
function countedSession(connection: ImapConnection, leave: Leave): TargetSession {
  return {
    logIn: (how) => logIn(connection, how),
    detach: () => {
      try {
        const detached = connection.detach();
        detached.socket.once("close", leave);
        return detached;
      } catch (error) {
        leave();
        throw error;
      }
    },
    leave: () => {
      leave();
      void logOut(connection);
    },
    close: () => {
      leave();
      connection.close();
    },
  };
}

function failedToo(): void {
  // Whoever waited has left already.
}

/** What a protocol hears that has to wait. */
export function notYetCopied({ account, domain }: Subject, protocol: string): Failure {
  return new Failure(
    "not-yet-copied",
    `${protocol} of ${account.address} waits until its first copy is complete: ${domain.name} is served by its source until then (imbarco domain set ${domain.name} --serve target would open it now)`,
  );
}

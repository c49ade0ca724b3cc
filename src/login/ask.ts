import type { Secret } from "../kit/secret.ts";
import { sourceLoginOf } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { logIn } from "../upstream/imap/login.ts";
import { logOut } from "../upstream/imap/logout.ts";
import { openImap } from "../upstream/open.ts";
import type { Subject } from "./deps.ts";
import { type Origin, openTargetImap } from "./open-target.ts";
import type { LoginParts } from "./parts.ts";
import { withSourcePermit } from "./source-permit.ts";

/**
 * Whether the source takes the password; no more logins than it can bear ask it at a time.
 * @throws {Failure} `too-busy`, `source-unreachable`, `source-limit`, `source-wait`, `source-protocol`
 */
export function sourceAccepts(parts: LoginParts, subject: Subject, password: Secret): Promise<boolean> {
  const { source } = subject.domain;
  const user = Buffer.from(sourceLoginOf(subject.domain, subject.account), "utf8");
  const ask = () =>
    withSourcePermit(parts.deps, subject, async () => {
      const connection = await openImap({ log: parts.deps.log }, "source", source);
      return takes(connection, user, password);
    });
  const name = endpointName(source);
  return parts.standings.watch(`source ${name}`, () => parts.sources.run(name, ask));
}

/**
 * Whether the target takes the password as the user's own.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`
 */
export async function targetAccepts(
  parts: LoginParts,
  subject: Subject,
  password: Secret,
  origin: Origin,
): Promise<boolean> {
  return parts.standings.watch(`target ${endpointName(parts.deps.target.imap)}`, async () => {
    const connection = await openTargetImap(parts.deps, origin);
    return takes(connection, Buffer.from(subject.account.address, "utf8"), password);
  });
}

async function takes(connection: ImapConnection, user: Buffer, password: Secret): Promise<boolean> {
  try {
    return (await logIn(connection, { kind: "password", user, password })).kind === "ok";
  } finally {
    // Polite, but the user does not wait for it.
    void logOut(connection);
  }
}

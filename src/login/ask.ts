import type { Secret } from "../kit/secret.ts";
import { sourceLoginOf } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { sendId } from "../upstream/imap/id.ts";
import { logIn } from "../upstream/imap/login.ts";
import { logOut } from "../upstream/imap/logout.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { openImap } from "../upstream/open.ts";
import type { LoginDeps, LoginRequest, Subject } from "./deps.ts";
import type { LoginParts } from "./parts.ts";
import { withSourcePermit } from "./source-permit.ts";

/** For whom a connection to the target is opened. */
export type Origin = Pick<LoginRequest, "client" | "session">;

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
    const connection = await openTarget(parts.deps, origin);
    return takes(connection, Buffer.from(subject.account.address, "utf8"), password);
  });
}

/**
 * A connection to the target that has been told for whom we come: the target's logs and its brake on wrong passwords then see the client's
 * address and not ours (where it trusts us to say so).
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`
 */
export async function openTarget(
  deps: LoginDeps,
  origin: Origin,
  signal?: AbortSignal,
): Promise<ImapConnection> {
  const connection = await openImap({ log: deps.log }, "target", deps.target.imap, { signal });
  if (connection.has("ID")) {
    const told = {
      "x-originating-ip": origin.client.address.replace(/^::ffff:(?=\d+\.)/i, ""),
      "x-originating-port": String(origin.client.port),
      "x-session-id": origin.session,
    };
    try {
      await sendId(connection, told);
    } catch (error) {
      // A server that will not hear it loses a detail in its logs; one that is gone shows at the login.
      if (error instanceof CommandRefusedError || error instanceof Failure) return connection;
      connection.close();
      throw error;
    }
  }
  return connection;
}

async function takes(connection: ImapConnection, user: Buffer, password: Secret): Promise<boolean> {
  try {
    return (await logIn(connection, { kind: "password", user, password })).kind === "ok";
  } finally {
    // Polite, but the user does not wait for it.
    void logOut(connection);
  }
}

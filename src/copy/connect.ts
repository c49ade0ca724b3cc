import { sleep } from "../kit/deadline.ts";
import type { Secret } from "../kit/secret.ts";
import type { Account } from "../model/account.ts";
import { type Domain, sourceLoginOf } from "../model/domain.ts";
import { type Endpoint, endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { refreshCapabilities } from "../upstream/imap/commands/capability.ts";
import { type LoginHow, logIn } from "../upstream/imap/commands/login.ts";
import { logOut } from "../upstream/imap/commands/logout.ts";
import type { ImapConnection } from "../upstream/imap/connection/connection.ts";
import { openImap } from "../upstream/open.ts";
import type { Side } from "../upstream/side.ts";
import { targetLoginHow } from "../upstream/target-login.ts";
import { type SealContext, sourceSealContext, targetSealContext } from "../vault/seal-context.ts";
import { VaultError } from "../vault/vault-error.ts";
import type { CopyDeps } from "./deps.ts";
import { SETTLING_EVERY_MS, SETTLING_MS } from "./limits.ts";

/** One connection to either server, logged in as the same person. */
export interface Pair {
  readonly source: ImapConnection;
  readonly target: ImapConnection;
}

/**
 * Opens both sides at once and logs in with the password that was captured.
 * @param signal ends connections that are being opened; those that are open belong to the caller
 * @throws {Failure} `source-auth-failed`, `target-auth-failed`, or that a side cannot be reached
 */
export async function connectPair(
  deps: CopyDeps,
  account: Account,
  domain: Domain,
  signal: AbortSignal,
): Promise<Pair> {
  const { ofSource, sealedTarget } = await sourcePassword(deps, account, domain);
  const ofTarget = sealedTarget
    ? unseal(deps, sealedTarget, targetSealContext(deps.target.imap, account.address))
    : ofSource;
  try {
    const sourceHow = sourceLoginHow(account, domain, ofSource);
    const targetHow = targetLoginHow(deps.target.login, account.address, ofTarget);
    const [source, target] = await Promise.allSettled([
      connect(deps, "source", account, domain, sourceHow, signal),
      connect(deps, "target", account, domain, targetHow, signal),
    ]);
    if (source.status === "fulfilled" && target.status === "fulfilled")
      return { source: source.value, target: target.value };
    for (const side of [source, target]) if (side.status === "fulfilled") side.value.close();
    // The source's trouble first: it is the one that a new login can mend.
    throw source.status === "rejected" ? source.reason : (target as PromiseRejectedResult).reason;
  } finally {
    ofSource.wipe();
    ofTarget.wipe();
  }
}

/**
 * Opens the source's side alone.
 * @throws {Failure} as `connectPair`
 */
export async function connectSource(
  deps: CopyDeps,
  account: Account,
  domain: Domain,
  signal: AbortSignal,
): Promise<ImapConnection> {
  const { ofSource } = await sourcePassword(deps, account, domain);
  try {
    return await connect(deps, "source", account, domain, sourceLoginHow(account, domain, ofSource), signal);
  } finally {
    ofSource.wipe();
  }
}

async function sourcePassword(
  deps: CopyDeps,
  account: Account,
  domain: Domain,
): Promise<{ ofSource: Secret; sealedTarget: Buffer | null }> {
  const credentials = await deps.store.accounts.getCredentials(account.address);
  if (!credentials?.sealedSource) {
    throw new Failure(
      "source-auth-failed",
      `no password of ${account.address} is kept for its old server: the user must log in once more`,
    );
  }
  const ofSource = unseal(deps, credentials.sealedSource, sourceSealContext(domain, account));
  return { ofSource, sealedTarget: credentials.sealedTarget };
}

function sourceLoginHow(account: Account, domain: Domain, password: Secret): LoginHow {
  return { kind: "password", user: Buffer.from(sourceLoginOf(domain, account), "utf8"), password };
}

/** Says goodbye on both sides. For connections between commands; others are simply closed. */
export async function leavePair(pair: Pair): Promise<void> {
  await Promise.all([logOut(pair.source), logOut(pair.target)]);
}

/** Ends both connections at once. */
export function closePair(pair: Pair): void {
  pair.source.close();
  pair.target.close();
}

/** What keeps the vault closed is told as it is: the message says what to do. */
function unseal(deps: CopyDeps, sealed: Buffer, context: SealContext): Secret {
  try {
    return deps.vault.unseal(sealed, context);
  } catch (error) {
    if (error instanceof VaultError) throw new Failure("internal", error.message, { cause: error });
    throw error;
  }
}

/** Logs in; a target that has just been told of the account may take a moment to know it (Dovecot reads a passwd-file once a second). */
async function connect(
  deps: CopyDeps,
  side: Side,
  account: Account,
  domain: Domain,
  how: LoginHow,
  signal: AbortSignal,
): Promise<ImapConnection> {
  const endpoint = side === "source" ? domain.source : deps.target.imap;
  const isKnownAt = side === "target" ? Date.parse(account.firstLoginAt ?? "") + SETTLING_MS : Number.NaN;
  for (;;) {
    const connection = await openLoggedIn(deps, side, endpoint, how, signal);
    if (connection !== null) return connection;
    if (!(deps.clock.now() < isKnownAt)) throw refusedLogin(side, account, endpointName(endpoint));
    await sleep(SETTLING_EVERY_MS, signal);
  }
}

/** `null` = the server says that the password is wrong. */
async function openLoggedIn(
  deps: CopyDeps,
  side: Side,
  endpoint: Endpoint,
  how: LoginHow,
  signal: AbortSignal,
): Promise<ImapConnection | null> {
  const connection = await openImap(deps, side, endpoint, { signal });
  try {
    const outcome = await logIn(connection, how);
    if (outcome.kind === "refused") {
      connection.close();
      return null;
    }
    if (outcome.capability === null) await refreshCapabilities(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function refusedLogin(side: Side, account: Account, server: string): Failure {
  return side === "source"
    ? new Failure(
        "source-auth-failed",
        `the old server ${server} no longer takes the password of ${account.address}: it will be copied on when the user has logged in with the present one`,
      )
    : new Failure(
        "target-auth-failed",
        `the target ${server} refuses the login as ${account.address}: check target.login and that the account exists there`,
      );
}

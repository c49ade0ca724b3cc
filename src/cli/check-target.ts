import type { Config } from "../config/config.ts";
import { Secret } from "../kit/secret.ts";
import { printable } from "../kit/text.ts";
import type { Log } from "../log/log.ts";
import { endpointName, isPinned } from "../model/endpoint.ts";
import { sendId } from "../upstream/imap/commands/id.ts";
import { type LoginHow, logIn } from "../upstream/imap/commands/login.ts";
import type { ImapConnection } from "../upstream/imap/connection/connection.ts";
import { openImap } from "../upstream/open.ts";
import { isToldInProtocol } from "../upstream/origin.ts";
import { targetLoginHow } from "../upstream/target-login.ts";
import { CHECKING_CLIENT, faultOf } from "./check-service.ts";
import type { Report } from "./finding.ts";
import { isLoopback, ownListenerAt } from "./own-listener.ts";

/** Behind those of the guesses. */
const MASTER_ADDRESS = "192.0.2.250";

interface TargetDeps {
  readonly config: Config;
  readonly log: Log;
  /** Names this installation, so that a server that is imbarco itself is known. */
  readonly instance?: string | undefined;
  readonly signal: AbortSignal;
}

/** Whether the target answers, is protected, and is not imbarco itself. False when there is nothing more to ask it. */
export async function checkTarget(deps: TargetDeps, report: Report): Promise<boolean> {
  const { imap } = deps.config.target;
  const name = endpointName(imap);
  const own = await ownListenerAt(deps.config.listeners, imap.host, imap.port);
  if (own !== null) {
    report.fail(
      name,
      `this is imbarco's own listener ${endpointName(own.listen)}: logins would go round in circles`,
    );
    return false;
  }
  try {
    const connection = await openImap(deps, "target", imap, { signal: deps.signal, origin: CHECKING_CLIENT });
    try {
      const identity = await sendId(connection, { name: "imbarco" });
      if (/^imbarco$/i.test(identity["name"] ?? "")) {
        report.fail(
          name,
          "this is an imbarco too: the target must be the mail server itself, or logins may go round in circles",
        );
        return false;
      }
      if (!takesPasswords(connection)) {
        report.fail(
          name,
          imap.tls === "none"
            ? "takes no password here (LOGINDISABLED): set target.imap.tls to starttls or implicit"
            : "takes no password here (LOGINDISABLED): nobody could log in there",
        );
        return false;
      }
      if (imap.tls === "none" && imap.clientAddress === "proxy" && !(await takesOurs(deps))) {
        report.fail(
          name,
          "takes no password from imbarco itself (LOGINDISABLED), as which the copier comes: let it trust imbarco's address (Dovecot: login_trusted_networks), or set target.imap.tls to starttls or implicit",
        );
        return false;
      }
      if (imap.tls === "none" && !isLoopback(imap.host))
        report.warn(name, "passwords travel there in clear: set target.imap.tls to starttls or implicit");
      else if (imap.tls !== "none" && !imap.verify && !isPinned(imap))
        report.warn(name, "its certificate is not verified: set target.imap.caFile or fingerprint instead");
      else
        report.ok(
          name,
          `answers${identity["name"] === undefined ? "" : ` as ${printable(identity["name"])}`}`,
        );
      return true;
    } finally {
      connection.close();
    }
  } catch (error) {
    report.fail(name, faultOf(imap, error));
    return false;
  }
}

function takesPasswords(connection: ImapConnection): boolean {
  return !connection.has("LOGINDISABLED") || connection.has("AUTH=PLAIN");
}

/** Whether it takes a password in clear where no client is behind it. */
async function takesOurs(deps: TargetDeps): Promise<boolean> {
  const connection = await openImap(deps, "target", deps.config.target.imap, { signal: deps.signal });
  const takes = takesPasswords(connection);
  connection.close();
  return takes;
}

/** Whether the master credentials open an account. */
export async function checkMaster(deps: TargetDeps, address: string, report: Report): Promise<void> {
  const { login, imap } = deps.config.target;
  if (login.as === "user") return;
  try {
    const accepted = await accepts(deps, targetLoginHow(login, address, null), MASTER_ADDRESS);
    if (accepted) report.ok(endpointName(imap), `${login.user} may log in as ${address}`);
    else
      report.fail(
        endpointName(imap),
        `refuses ${login.user} on behalf of ${address}: see user, passwordFile and form in target.login`,
      );
  } catch (error) {
    report.fail(endpointName(imap), (error as Error).message);
  }
}

/**
 * An account without a password of its own must be locked. A target that lets anybody in with an empty password, or with the address as
 * password, would open every mailbox before its owner has come.
 * @param index which of the accounts tried it is
 */
export async function checkLocked(
  deps: TargetDeps,
  address: string,
  index: number,
  report: Report,
): Promise<void> {
  const user = Buffer.from(address);
  const guesses = [
    ["an empty password", new Secret(Buffer.alloc(0))],
    ["its own address as password", new Secret(Buffer.from(address))],
  ] as const;
  for (const [at, [what, password]] of guesses.entries()) {
    try {
      const from = `192.0.2.${index * guesses.length + at + 1}`;
      if (await accepts(deps, { kind: "password", user, password }, from)) {
        report.fail(
          address,
          `do not go live: the target lets anybody in with ${what}; lock accounts that have no password yet`,
        );
        return;
      }
    } catch (error) {
      report.warn(address, `could not be tried with ${what}: ${(error as Error).message}`);
      return;
    }
  }
  report.ok(address, "is locked until its first login");
}

/**
 * @param from the address to come from, where the target believes us: it lets an address wait ever longer after wrong passwords, and
 * each guess having its own (RFC 5737 §3) this is neither the next guess's nor imbarco's
 */
async function accepts(deps: TargetDeps, how: LoginHow, from: string): Promise<boolean> {
  const { imap } = deps.config.target;
  const origin = { ...CHECKING_CLIENT, address: from };
  const connection = await openImap(deps, "target", imap, { signal: deps.signal, origin });
  try {
    if (isToldInProtocol(imap))
      await sendId(connection, { "x-originating-ip": from, "x-originating-port": "1" });
    return (await logIn(connection, how)).kind === "ok";
  } finally {
    connection.close();
  }
}

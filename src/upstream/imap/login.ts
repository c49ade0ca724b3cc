import type { Secret } from "../../kit/secret.ts";
import { astring, base64 } from "../../wire/imap/encode.ts";
import { lineOf, type Tagged } from "../../wire/imap/response.ts";
import { isTemporary, protocolFault, quote, sentAway } from "../failures.ts";
import type { ImapConnection } from "./connection.ts";
import { CONTINUE, type Outgoing, type Piece } from "./outgoing.ts";

/** With the user's own password, or on the user's behalf with a master's: by authorization identity, or as `user*master`. */
export type LoginHow =
  | { readonly kind: "password"; readonly user: Buffer; readonly password: Secret }
  | { readonly kind: "authzid"; readonly user: Buffer; readonly master: Buffer; readonly password: Secret }
  | {
      readonly kind: "separator";
      readonly user: Buffer;
      readonly master: Buffer;
      readonly separator: string;
      readonly password: Secret;
    };

export type LoginOutcome =
  /** `capability`: what the server offers from now on, where it said so unasked; else `refreshCapabilities` asks. */
  | { readonly kind: "ok"; readonly capability: string | null }
  /** The server says that the credentials are wrong. `code` in upper case. */
  | { readonly kind: "refused"; readonly code: string | null };

/** All of it is at hand, so that it can be wiped. */
type LoginCommand = Outgoing & { readonly pieces: readonly Piece[] };

interface Identity {
  /** Empty = the one who authenticates. */
  readonly authzid: Buffer;
  readonly user: Buffer;
  readonly password: Buffer;
}

/**
 * Logs in: by AUTHENTICATE PLAIN where offered (RFC 4616), else by LOGIN. The octets of name and password travel as they are. Nothing is sent
 * behind it: some servers lose what arrives together with a login.
 * @throws {Failure} for every answer that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export async function logIn(connection: ImapConnection, how: LoginHow): Promise<LoginOutcome> {
  const identity = identityOf(how);
  // Neither PLAIN nor a literal can carry a NUL (RFC 4616 §2, RFC 9051 §9), so no server knows such a password.
  if (Object.values(identity).some((octets: Buffer) => octets.includes(0)))
    return { kind: "refused", code: null };
  refuseInClear(connection);
  const outgoing = connection.has("AUTH=PLAIN")
    ? plainCommand(connection, identity)
    : loginCommand(connection, identity);
  let capability: string | null = null;
  try {
    const handle = connection.send(outgoing, {
      untagged: (response) => {
        if (response.kind !== "data" || response.name !== "CAPABILITY") return false;
        capability = lineOf(response).trim();
        return true;
      },
    });
    const answer = await handle.done;
    if (answer.status !== "OK") return refusal(connection, outgoing.name, answer);
    capability = answer.code?.name === "CAPABILITY" ? answer.code.text : capability;
  } finally {
    for (const piece of outgoing.pieces) if (Buffer.isBuffer(piece)) piece.fill(0);
  }
  connection.setLoggedIn();
  if (capability !== null) connection.setCapabilities(capability);
  return { kind: "ok", capability };
}

function identityOf(how: LoginHow): Identity {
  const password = how.password.reveal();
  switch (how.kind) {
    case "password":
      return { authzid: Buffer.alloc(0), user: how.user, password };
    case "authzid":
      return { authzid: how.user, user: how.master, password };
    case "separator": {
      const user = Buffer.concat([how.user, Buffer.from(how.separator, "utf8"), how.master]);
      return { authzid: Buffer.alloc(0), user, password };
    }
  }
}

function refuseInClear(connection: ImapConnection): void {
  if (!connection.has("LOGINDISABLED")) return;
  if (connection.endpoint.tls !== "none" && connection.has("AUTH=PLAIN")) return;
  throw protocolFault(
    connection,
    "takes no password on this connection (LOGINDISABLED): it wants TLS, set its TLS mode to starttls",
  );
}

function plainCommand(connection: ImapConnection, identity: Identity): LoginCommand {
  const nul = Buffer.alloc(1);
  const message = Buffer.concat([identity.authzid, nul, identity.user, nul, identity.password]);
  const encoded = base64(message);
  message.fill(0);
  // RFC 4959: the response may come with the command.
  const pieces: Piece[] = ["AUTHENTICATE PLAIN", connection.has("SASL-IR") ? " " : CONTINUE, encoded];
  return { name: "AUTHENTICATE", pieces, limitMs: connection.limits.loginLimitMs };
}

function loginCommand(connection: ImapConnection, identity: Identity): LoginCommand {
  if (identity.authzid.length > 0) {
    throw protocolFault(
      connection,
      "does not offer AUTHENTICATE PLAIN, which a master login by authorization identity needs: set `form: separator` for the master login",
    );
  }
  const pieces = ["LOGIN ", astring(identity.user), " ", astring(identity.password)];
  return { name: "LOGIN", pieces, limitMs: connection.limits.loginLimitMs };
}

/** Codes that are about the credentials, whatever the words behind them (RFC 5530 §3). */
const WRONG_CREDENTIALS = new Set(["AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED"]);

function refusal(connection: ImapConnection, name: string, answer: Tagged): LoginOutcome {
  const code = answer.code?.name ?? null;
  if (answer.status === "BAD")
    throw protocolFault(connection, `does not understand ${name}: ${quote(answer)}`);
  if (code !== null && WRONG_CREDENTIALS.has(code)) return { kind: "refused", code };
  if (code === "PRIVACYREQUIRED")
    throw protocolFault(connection, "takes a password only under TLS: set its TLS mode to starttls");
  // RFC 2221: whoever follows sends the password to a host that nobody entered here.
  if (code === "REFERRAL")
    throw protocolFault(connection, "refers this user to another server: imbarco does not follow");
  if (isTemporary(answer)) throw sentAway(connection, "cannot log in anybody at present", answer);
  return { kind: "refused", code };
}

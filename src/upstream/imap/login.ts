import { astring, type LiteralPiece } from "../../wire/imap/encode.ts";
import { lineOf, type Tagged } from "../../wire/imap/response.ts";
import { isTemporary, protocolFault, quote, sentAway } from "../failures.ts";
import type { LoginHow, LoginOutcome } from "../login-how.ts";
import { hasNul, type Identity, identityOf, plainMessage } from "../sasl-plain.ts";
import type { ImapConnection } from "./connection.ts";
import { CONTINUE, type Outgoing, type Piece } from "./outgoing.ts";

export type { LoginHow, LoginOutcome } from "../login-how.ts";

/** All of it is at hand, so that it can be wiped. */
type LoginCommand = Outgoing & { readonly pieces: readonly Piece[] };

/**
 * Logs in: by AUTHENTICATE PLAIN where offered (RFC 4616), else by LOGIN. The octets of name and password travel as they are. Nothing is sent
 * behind it: some servers lose what arrives together with a login.
 * @throws {Failure} for every answer that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export async function logIn(connection: ImapConnection, how: LoginHow): Promise<LoginOutcome> {
  const identity = identityOf(how);
  if (hasNul(identity)) return { kind: "refused", code: null };
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

function refuseInClear(connection: ImapConnection): void {
  if (!connection.has("LOGINDISABLED")) return;
  if (connection.endpoint.tls !== "none" && connection.has("AUTH=PLAIN")) return;
  throw protocolFault(
    connection,
    "takes no password on this connection (LOGINDISABLED): it wants TLS, set its TLS mode to starttls",
  );
}

function plainCommand(connection: ImapConnection, identity: Identity): LoginCommand {
  // RFC 4959: the response may come with the command.
  const pieces: Piece[] = [
    "AUTHENTICATE PLAIN",
    connection.has("SASL-IR") ? " " : CONTINUE,
    plainMessage(identity),
  ];
  return { name: "AUTHENTICATE", pieces, limitMs: connection.limits.loginLimitMs };
}

const LOGIN = Buffer.from("LOGIN ", "latin1");
const SPACE = Buffer.from(" ", "latin1");

function loginCommand(connection: ImapConnection, identity: Identity): LoginCommand {
  if (identity.authzid.length > 0) {
    throw protocolFault(
      connection,
      "does not offer AUTHENTICATE PLAIN, which a master login by authorization identity needs: set `form: separator` for the master login",
    );
  }
  const { loginLimitMs: limitMs } = connection.limits;
  const words = [astring(identity.user), astring(identity.password)] as const;
  return { name: "LOGIN", pieces: joined(words) ?? ["LOGIN ", words[0], " ", words[1]], limitMs };
}

/** As nearly always no word is a literal: what is sent in one piece costs a third. */
function joined([user, password]: readonly [Buffer | LiteralPiece, Buffer | LiteralPiece]): Piece[] | null {
  if (!Buffer.isBuffer(user) || !Buffer.isBuffer(password)) return null;
  const line = Buffer.concat([LOGIN, user, SPACE, password]);
  password.fill(0);
  return [line];
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

import { astring } from "../../../wire/imap/encode.ts";
import { lineOf } from "../../../wire/imap/response.ts";
import type { LoginHow, LoginOutcome } from "../../login-how.ts";
import { hasNul, type Identity, identityOf, plainMessage } from "../../sasl-plain.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { CONTINUE, type Outgoing, type Piece } from "../connection/outgoing.ts";
import { refusal, refuseInClear, wantsPlain } from "../login-outcome.ts";

export type { LoginHow, LoginOutcome } from "../../login-how.ts";

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
  refuseInClear(connection, (capability) => connection.has(capability));
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

function plainCommand(connection: ImapConnection, identity: Identity): LoginCommand {
  // RFC 4959: the response may come with the command.
  const pieces: Piece[] = [
    "AUTHENTICATE PLAIN",
    connection.has("SASL-IR") ? " " : CONTINUE,
    plainMessage(identity),
  ];
  return { name: "AUTHENTICATE", pieces, limitMs: connection.limits.loginLimitMs };
}

function loginCommand(connection: ImapConnection, identity: Identity): LoginCommand {
  if (identity.authzid.length > 0) throw wantsPlain(connection);
  const { loginLimitMs: limitMs } = connection.limits;
  const pieces = ["LOGIN ", astring(identity.user), " ", astring(identity.password)];
  return { name: "LOGIN", pieces, limitMs };
}

import { protocolFault, quote, sentAway } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";
import type { LoginHow, LoginOutcome } from "../login-how.ts";
import { hasNul, identityOf, plainMessage } from "../sasl-plain.ts";
import type { SieveCapabilities } from "./capabilities.ts";
import { type Reply, unwelcome } from "./reply.ts";
import { readReplyReminding } from "./unheard.ts";

/** RFC 5804 §4: a quoted string has at most so many octets. */
const QUOTED_LIMIT = 1_024;

/**
 * Logs in by AUTHENTICATE PLAIN (RFC 4616), which every server must know (RFC 5804 §2.1). Nothing that is not answered before this returns is sent behind it: what the client sends next belongs to it.
 * @throws {Failure} for every answer that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export async function logIn(
  connection: LineConnection,
  capabilities: SieveCapabilities,
  how: LoginHow,
): Promise<LoginOutcome> {
  const identity = identityOf(how);
  if (hasNul(identity)) return { kind: "refused", code: null };
  const mechanisms = (capabilities.valueOf("SASL") ?? "").toUpperCase().split(" ");
  if (!mechanisms.includes("PLAIN"))
    throw connection.fail(
      protocolFault(
        connection,
        connection.secure
          ? "does not offer the SASL mechanism PLAIN, which imbarco needs to log in there"
          : "takes no password on this connection (no SASL PLAIN): it wants TLS, set target.sieve.tls to starttls",
      ),
    );
  const message = plainMessage(identity);
  try {
    const isShort = message.length <= QUOTED_LIMIT;
    const [before, behind] = isShort ? ['"', '"\r\n'] : [`{${message.length}+}\r\n`, "\r\n"];
    connection.send(`AUTHENTICATE "PLAIN" ${before}`, message, behind);
    const { loginLimitMs } = connection.limits;
    const what = "the answer to AUTHENTICATE";
    return outcome(connection, await readReplyReminding(connection, capabilities, what, loginLimitMs));
  } finally {
    message.fill(0);
  }
}

function outcome(connection: LineConnection, reply: Reply): LoginOutcome {
  const { status, said } = reply;
  if (status === "OK") return { kind: "ok", capability: null };
  const code = said.code?.name ?? null;
  if (status === "BYE" || code === "TRYLATER" || code === "REFERRAL")
    throw connection.fail(unwelcome(connection, "cannot log in anybody at present", reply));
  if (code === "ENCRYPT-NEEDED")
    throw connection.fail(
      protocolFault(connection, "takes a password only under TLS: set target.sieve.tls to starttls"),
    );
  if (code === "AUTH-TOO-WEAK" || code === "TRANSITION-NEEDED")
    throw connection.fail(
      protocolFault(connection, `does not let this user log in by PLAIN: ${quote(said)}`),
    );
  // Words alone may still be about the server, as other protocols' servers of the same make say them.
  if (/temporar|try again later|internal error/i.test(said.text))
    throw connection.fail(sentAway(connection, "cannot log in anybody at present", said));
  return { kind: "refused", code };
}

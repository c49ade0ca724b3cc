import { base64 } from "../../wire/imap/encode.ts";
import { protocolFault, quote, sentAway } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";
import type { LoginHow, LoginOutcome } from "../login-how.ts";
import { hasNul, type Identity, identityOf, plainMessage } from "../sasl-plain.ts";
import type { Offers } from "./ehlo.ts";
import { enhancedCode, type Reply, readReply, saidBy } from "./reply.ts";

/** RFC 4954 §4: an initial response must not make the command longer than SMTP's own bound, CRLF included. */
const COMMAND_OCTETS = 512;

/**
 * Logs in: by AUTH PLAIN where offered (RFC 4616), else by LOGIN. Nothing is sent behind it: what the client sends next belongs to it.
 * @throws {Failure} for every answer that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export async function logIn(
  connection: LineConnection,
  offers: Offers,
  how: LoginHow,
): Promise<LoginOutcome> {
  const identity = identityOf(how);
  if (hasNul(identity)) return { kind: "refused", code: null };
  const mechanisms = offers.parametersOf("AUTH") ?? [];
  if (mechanisms.includes("PLAIN")) return outcome(connection, await plain(connection, identity));
  if (!mechanisms.includes("LOGIN"))
    throw connection.fail(
      protocolFault(
        connection,
        "offers neither AUTH PLAIN nor AUTH LOGIN on this connection: it may want TLS, or a setting of its own to offer them",
      ),
    );
  if (identity.authzid.length > 0)
    throw connection.fail(
      protocolFault(
        connection,
        "does not offer AUTH PLAIN, which a master login by authorization identity needs: set `form: separator` for the master login",
      ),
    );
  return outcome(connection, await login(connection, identity));
}

async function plain(connection: LineConnection, identity: Identity): Promise<Reply> {
  const message = plainMessage(identity);
  try {
    const command = "AUTH PLAIN";
    if (`${command} \r\n`.length + message.length <= COMMAND_OCTETS) {
      connection.send(`${command} `, message, "\r\n");
      return await answerOf(connection);
    }
    connection.send(`${command}\r\n`);
    return await respond(connection, await answerOf(connection), message);
  } finally {
    message.fill(0);
  }
}

async function login(connection: LineConnection, { user, password }: Identity): Promise<Reply> {
  connection.send("AUTH LOGIN\r\n");
  const asked = await respond(connection, await answerOf(connection), base64(user));
  const message = base64(password);
  try {
    return await respond(connection, asked, message);
  } finally {
    message.fill(0);
  }
}

/** Answers a challenge; what is none is the server's last word already. */
async function respond(connection: LineConnection, challenge: Reply, message: Buffer): Promise<Reply> {
  if (challenge.code !== 334) return challenge;
  connection.send(message, "\r\n");
  return answerOf(connection);
}

function answerOf(connection: LineConnection): Promise<Reply> {
  return readReply(connection, "the answer to AUTH", connection.limits.loginLimitMs);
}

/** RFC 4954 §6. */
function outcome(connection: LineConnection, reply: Reply): LoginOutcome {
  const { code } = reply;
  if (code === 235) return { kind: "ok", capability: null };
  // Some give the code for "wrong credentials" (RFC 5248 §2.4) in the enhanced one only, and 525 is an account that is shut.
  if (code === 535 || code === 525 || (code >= 500 && enhancedCode(reply) === "5.7.8"))
    return { kind: "refused", code: String(code) };
  if (code >= 400 && code < 500)
    throw connection.fail(sentAway(connection, "cannot log in anybody at present", saidBy(reply)));
  if (code === 530 || code === 538)
    throw connection.fail(
      protocolFault(connection, "takes a password only under TLS: set its TLS mode to starttls"),
    );
  throw connection.fail(protocolFault(connection, `does not understand AUTH: ${quote(saidBy(reply))}`));
}

import { Failure } from "../../model/failure.ts";
import { isTemporary, peerName, protocolFault, quote, sentAway } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";
import type { LoginHow, LoginOutcome } from "../login-how.ts";
import { hasNul, type Identity, identityOf, plainMessage } from "../sasl-plain.ts";
import type { Capabilities } from "./capabilities.ts";
import { type Reply, readReply } from "./reply.ts";

/** RFC 2449 §4: a command with its CRLF; RFC 5034 §4 keeps an initial response to it. */
const COMMAND_OCTETS = 255;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Logs in: by AUTH PLAIN where offered (RFC 5034 §4), else by USER and PASS. The octets of name and password travel as they are. Nothing is sent
 * behind it: what the client sends next belongs to it.
 * @throws {Failure} for every answer that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export async function logIn(
  connection: LineConnection,
  capabilities: Capabilities,
  how: LoginHow,
): Promise<LoginOutcome> {
  const identity = identityOf(how);
  if (hasNul(identity)) return { kind: "refused", code: null };
  if (capabilities.parametersOf("SASL")?.includes("PLAIN"))
    return outcome(connection, await plain(connection, identity));
  const why = whyNoPass(capabilities, identity);
  if (why !== null) throw connection.fail(protocolFault(connection, why));
  return outcome(connection, await userAndPass(connection, identity));
}

/** What stands against USER and PASS; `null` where nothing does. */
function whyNoPass(capabilities: Capabilities, { authzid, user, password }: Identity): string | null {
  const isOffered = (keyword: string) => capabilities.parametersOf(keyword) !== undefined;
  // RFC 2595 §4: a server that wants TLS first offers neither. Some that take USER do not say so.
  if (isOffered("STLS") && !isOffered("USER"))
    return "takes no password on this connection: it wants TLS, set its TLS mode to starttls";
  if (authzid.length > 0)
    return "does not offer AUTH PLAIN, which a master login by authorization identity needs: set `form: separator` for the master login";
  if ([user, password].some((octets) => octets.includes(CR) || octets.includes(LF)))
    return "does not offer AUTH PLAIN, without which a password that has a line end in it cannot travel";
  return null;
}

async function plain(connection: LineConnection, identity: Identity): Promise<Reply> {
  const message = plainMessage(identity);
  try {
    const command = "AUTH PLAIN";
    if (`${command} \r\n`.length + message.length <= COMMAND_OCTETS) {
      connection.send(`${command} `, message, "\r\n");
      return await answerOf(connection, command);
    }
    connection.send(`${command}\r\n`);
    const challenge = await answerOf(connection, command);
    if (challenge.status !== "+") return challenge;
    connection.send(message, "\r\n");
    return await answerOf(connection, command);
  } finally {
    message.fill(0);
  }
}

async function userAndPass(connection: LineConnection, { user, password }: Identity): Promise<Reply> {
  connection.send("USER ", user, "\r\n");
  const noted = await answerOf(connection, "USER");
  if (noted.status !== "+OK") return noted;
  connection.send("PASS ", password, "\r\n");
  return answerOf(connection, "PASS");
}

function answerOf(connection: LineConnection, command: string): Promise<Reply> {
  return readReply(connection, `the answer to ${command}`, connection.limits.loginLimitMs);
}

function outcome(connection: LineConnection, reply: Reply): LoginOutcome {
  const name = reply.code?.name ?? null;
  if (reply.status === "+OK") return { kind: "ok", capability: null };
  if (reply.status === "+")
    throw connection.fail(protocolFault(connection, "asks for more than a password at the login"));
  // RFC 3206 §5: these are the credentials for certain.
  if (name === "AUTH") return { kind: "refused", code: name };
  // RFC 2449 §8.1: the account is in use, or asked for too often; the password may be right.
  if (name === "IN-USE" || name === "LOGIN-DELAY")
    throw connection.fail(
      new Failure("target-limit", `${peerName(connection)} does not let the account in now: ${quote(reply)}`),
    );
  if (name?.startsWith("SYS") || isTemporary(reply))
    throw connection.fail(sentAway(connection, "cannot log in anybody at present", reply));
  return { kind: "refused", code: name };
}

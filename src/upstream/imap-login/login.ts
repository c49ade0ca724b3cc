import { astring, type LiteralPiece } from "../../wire/imap/encode.ts";
import type { Tagged } from "../../wire/imap/response.ts";
import { refusal, refuseInClear, wantsPlain } from "../imap/login-outcome.ts";
import { LITERAL_MINUS_OCTETS } from "../limits.ts";
import type { LineConnection } from "../line-connection.ts";
import type { LoginHow, LoginOutcome } from "../login-how.ts";
import { hasNul, type Identity, identityOf, plainMessage } from "../sasl-plain.ts";
import type { Answers } from "./answers.ts";

/** A server that is ready for a login. */
export interface Ready {
  readonly connection: LineConnection;
  readonly answers: Answers;
  /** What it offers, in upper case. */
  readonly offers: ReadonlySet<string>;
  /** A command without its tag, to be sent in the same packet: nobody waits for its answer. */
  readonly introduction: string | null;
}

/** A login as it travels: what is sent at once, and what for each time that the server asks for more. */
interface Question {
  readonly name: "AUTHENTICATE" | "LOGIN";
  /** At least one; all of them may hold the password. */
  readonly pieces: readonly Buffer[];
}

/**
 * Logs in: by AUTHENTICATE PLAIN where offered (RFC 4616), else by LOGIN. The octets of name and password travel as they are. Nothing is sent
 * behind it: some servers lose what arrives together with a login.
 * @throws {Failure} for every answer that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export async function logIn(ready: Ready, how: LoginHow): Promise<LoginOutcome> {
  const { connection, answers, offers, introduction } = ready;
  const identity = identityOf(how);
  if (hasNul(identity)) return { kind: "refused", code: null };
  refuseInClear(connection, (capability) => offers.has(capability));
  const { name, pieces } = offers.has("AUTH=PLAIN")
    ? authenticate(offers, identity)
    : plainLogin(connection, offers, identity);
  try {
    const [first, ...further] = pieces as [Buffer, ...Buffer[]];
    const told = introduction === null ? "" : `${answers.nextTag()} ${introduction}\r\n`;
    connection.ask(`${told}${answers.nextTag()} `, first);
    const { tagged, capability } = await answers.answer(name, connection.limits.loginLimitMs, further);
    if (tagged.status !== "OK") return refusal(connection, name, tagged);
    return { kind: "ok", capability: capabilityOf(tagged) ?? capability };
  } finally {
    for (const piece of pieces) piece.fill(0);
  }
}

function capabilityOf({ code }: Tagged): string | null {
  return code?.name === "CAPABILITY" ? code.text : null;
}

const CRLF = Buffer.from("\r\n", "latin1");

/** RFC 4959: the response may come with the command. */
function authenticate(offers: ReadonlySet<string>, identity: Identity): Question {
  const message = plainMessage(identity);
  const command = `AUTHENTICATE PLAIN${offers.has("SASL-IR") ? " " : "\r\n"}`;
  const pieces = split([Buffer.from(command, "latin1"), message, CRLF], offers.has("SASL-IR") ? [] : [1]);
  message.fill(0);
  return { name: "AUTHENTICATE", pieces };
}

function plainLogin(
  connection: LineConnection,
  offers: ReadonlySet<string>,
  { authzid, user, password }: Identity,
): Question {
  if (authzid.length > 0) throw wantsPlain(connection);
  const parts: Buffer[] = [Buffer.from("LOGIN", "latin1")];
  const waits: number[] = [];
  const words = [astring(user), astring(password)];
  for (const word of words) {
    if (Buffer.isBuffer(word)) parts.push(SPACE, word);
    else {
      const goesOn = needNotWait(offers, word);
      parts.push(Buffer.from(` {${word.literal.length}${goesOn ? "+" : ""}}\r\n`, "latin1"));
      if (!goesOn) waits.push(parts.length);
      parts.push(word.literal);
    }
  }
  const pieces = split([...parts, CRLF], waits);
  for (const word of words) if (Buffer.isBuffer(word)) word.fill(0);
  return { name: "LOGIN", pieces };
}

const SPACE = Buffer.from(" ", "latin1");

/** RFC 7888: LITERAL+ never waits, LITERAL- only for large ones. */
function needNotWait(offers: ReadonlySet<string>, { literal }: LiteralPiece): boolean {
  return offers.has("LITERAL+") || (offers.has("LITERAL-") && literal.length <= LITERAL_MINUS_OCTETS);
}

/** Joins what travels together: copies, each begun at one of `at`, the places where the server has to ask for more. */
function split(parts: readonly Buffer[], at: readonly number[]): Buffer[] {
  const ends = [...at, parts.length];
  return ends.map((end, index) => Buffer.concat(parts.slice(ends[index - 1] ?? 0, end)));
}

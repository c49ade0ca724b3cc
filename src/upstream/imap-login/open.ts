import type { Log } from "../../log/log.ts";
import type { Endpoint } from "../../model/endpoint.ts";
import { quoted } from "../../wire/imap/encode.ts";
import { protocolFault } from "../failures.ts";
import { capabilitiesIn } from "../imap/capability-words.ts";
import { offersInGreeting } from "../imap/greeting.ts";
import type { LineConnection } from "../line-connection.ts";
import { closingOnFailure, type LineDialogue, type OpenLinesOptions, openLines } from "../open-lines.ts";
import { isToldInProtocol, type Origin } from "../origin.ts";
import type { TargetSession } from "../target-session.ts";
import { Answers } from "./answers.ts";
import { logIn } from "./login.ts";

/** An IMAP server that is ready for a login. */
export interface ImapTarget extends TargetSession {
  /** What it offers before the login, in upper case. */
  readonly offers: ReadonlySet<string>;
}

/**
 * Opens a connection to the target's IMAP server for a client, up to the login: protected as `endpoint.tls` says, its capabilities asked for under that
 * protection. Nothing that was said before TLS is kept, and without the TLS that was asked for there is no connection (RFC 9051 §11.1).
 * @param deps `instance`: our own name in greetings
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; the signal's reason when it aborts
 */
export async function openImapTarget(
  deps: { readonly log: Log; readonly instance?: string | undefined },
  endpoint: Endpoint,
  origin: Origin,
  options: Omit<OpenLinesOptions, "origin"> = {},
): Promise<ImapTarget> {
  const dialogue = new Dialogue(deps.instance);
  const connection = await openLines(deps, "target", endpoint, dialogue, { ...options, origin });
  const answers = dialogue.answersOn(connection);
  const offers = capabilitiesIn(
    dialogue.offers ?? (await closingOnFailure(connection, () => askCapabilities(connection, answers))),
  );
  const introduction = offers.has("ID") ? idCommand(endpoint, origin) : null;
  return {
    offers,
    logIn: (how) => logIn({ connection, answers, offers, introduction }, how),
    detach: () => connection.detach(),
    leave: () => connection.leave(`${answers.nextTag()} LOGOUT\r\n`),
    close: () => connection.close(),
  };
}

/**
 * Tells a target that offers ID (RFC 2971) for whom we come, in the words of Dovecot's own proxy: its logs and its brake on wrong passwords then see the client's
 * address and not ours (where it trusts us to say so).
 */
function idCommand(endpoint: Endpoint, { address, port, session, hops }: Origin): string {
  const told = isToldInProtocol(endpoint)
    ? `"x-originating-ip" ${quoted(address)} "x-originating-port" "${port}" `
    : "";
  return `ID (${told}"x-session-id" ${quoted(session)} "x-proxy-ttl" "${hops}")`;
}

/** RFC 9051 §6.1.1. */
async function askCapabilities(connection: LineConnection, answers: Answers): Promise<string> {
  connection.ask(`${answers.nextTag()} CAPABILITY\r\n`);
  const { capability } = await answers.answer("CAPABILITY", connection.limits.greetingLimitMs);
  if (capability === null)
    throw protocolFault(connection, "answered CAPABILITY without saying what it offers");
  return capability;
}

class Dialogue implements LineDialogue {
  readonly protocol = "imap";
  readonly #instance: string | undefined;
  #greeted: Answers | null = null;
  /** What the greeting says the server offers; what it says before TLS does not count. */
  offers: string | null = null;

  constructor(instance: string | undefined) {
    this.#instance = instance;
  }

  /** Where responses are read once the connection stands: behind STARTTLS, everything begins anew. */
  answersOn(connection: LineConnection): Answers {
    return this.#greeted ?? new Answers(connection);
  }

  readonly greet = async (connection: LineConnection): Promise<void> => {
    const answers = new Answers(connection);
    const greeting = await answers.greeting(connection.limits.greetingLimitMs);
    this.offers = offersInGreeting(connection, greeting, this.#instance);
    this.#greeted = answers;
  };

  /** RFC 9051 §6.2.1. */
  readonly askForTls = async (connection: LineConnection): Promise<void> => {
    const answers = this.answersOn(connection);
    this.#greeted = null;
    this.offers = null;
    connection.ask(`${answers.nextTag()} STARTTLS\r\n`);
    const { tagged } = await answers.answer("STARTTLS", connection.limits.greetingLimitMs);
    if (tagged.status === "OK") return;
    throw protocolFault(
      connection,
      "does not offer STARTTLS, and nothing is sent to it in clear: try TLS from the first byte (port 993, --tls implicit)",
    );
  };
}

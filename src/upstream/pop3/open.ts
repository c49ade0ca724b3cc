import type { Log } from "../../log/log.ts";
import type { Endpoint } from "../../model/endpoint.ts";
import { protocolFault } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";
import { closingOnFailure, type LineDialogue, type OpenLinesOptions, openLines } from "../open-lines.ts";
import { isToldInProtocol, type Origin } from "../origin.ts";
import type { TargetSession } from "../target-session.ts";
import { askCapabilities } from "./capabilities.ts";
import { logIn } from "./login.ts";
import { ask, misunderstood, readReply, unwelcome } from "./reply.ts";
import { tellXclient } from "./xclient.ts";

/** A POP3 server that has been told of the client and is ready for its login. */
export interface Pop3Target extends TargetSession {
  /** The lines of its answer to CAPA. */
  readonly offers: readonly string[];
}

/** What a client wants beside its mailbox. */
export interface Pop3Options extends Omit<OpenLinesOptions, "origin"> {
  /** It has asked for UTF-8 (RFC 6856 §2.1), which holds for the mailbox too. */
  readonly utf8?: boolean | undefined;
}

/**
 * Opens a connection to the target's POP3 server for a client, up to the login.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; the signal's reason when it aborts
 */
export async function openPop3Target(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  origin: Origin,
  options: Pop3Options = {},
): Promise<Pop3Target> {
  const dialogue = new Dialogue();
  const connection = await openLines(deps, "target", endpoint, dialogue, { ...options, origin });
  const capabilities = await closingOnFailure(connection, async () => {
    if (dialogue.takesXclient && isToldInProtocol(endpoint)) await tellXclient(connection, origin);
    const offered = await askCapabilities(connection);
    if (options.utf8) await askForUtf8(connection);
    return offered;
  });
  return {
    offers: capabilities.lines,
    logIn: (how) => logIn(connection, capabilities, how),
    detach: () => connection.detach(),
    leave: () => connection.leave(FAREWELL),
    close: () => connection.close(),
  };
}

/**
 * What the target's POP3 server offers, asked under the protection that it has for clients: the lines of its answer to CAPA.
 * @throws {Failure} as `openPop3Target`
 */
export async function askPop3Offers(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  options: OpenLinesOptions = {},
): Promise<readonly string[]> {
  const connection = await openLines(deps, "target", endpoint, new Dialogue(), options);
  const { lines } = await closingOnFailure(connection, () => askCapabilities(connection));
  connection.leave(FAREWELL);
  return lines;
}

const FAREWELL = "QUIT\r\n";

/** Our client was told that it can have it, so without it there is no login. */
async function askForUtf8(connection: LineConnection): Promise<void> {
  const reply = await ask(connection, "UTF8");
  if (reply.status !== "+OK") throw connection.fail(misunderstood(connection, "UTF8", reply));
}

class Dialogue implements LineDialogue {
  readonly protocol = "pop3";
  /**
   * Dovecot says so in its greeting to those whom it believes (`login_trusted_networks`), and nowhere else. With STLS the greeting came in clear: who falsifies it can make us
   * tell, under TLS, the server that the certificate names, or keep us from it; no more.
   */
  takesXclient = false;

  readonly greet = async (connection: LineConnection): Promise<void> => {
    const greeting = await readReply(connection, "the greeting");
    if (greeting.status !== "+OK") throw unwelcome(connection, "turned the connection away", greeting);
    if (/\bimbarco ready\b/.test(greeting.text))
      throw protocolFault(connection, "points at an imbarco: logins would go round in circles");
    this.takesXclient = greeting.code?.name === "XCLIENT";
  };

  /** RFC 2595 §4. */
  readonly askForTls = async (connection: LineConnection): Promise<void> => {
    const reply = await ask(connection, "STLS");
    if (reply.status === "+OK") return;
    throw protocolFault(
      connection,
      "does not offer STLS, and nothing is sent to it in clear: try TLS from the first byte (port 995, tls: implicit)",
    );
  };
}

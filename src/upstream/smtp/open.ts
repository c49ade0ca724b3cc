import type { Log } from "../../log/log.ts";
import type { Endpoint } from "../../model/endpoint.ts";
import { protocolFault } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";
import { closingOnFailure, type LineDialogue, type OpenLinesOptions, openLines } from "../open-lines.ts";
import { isToldInProtocol, type Origin } from "../origin.ts";
import type { TargetSession } from "../target-session.ts";
import { addressLiteral, type Introduction, type Offers, sayHello } from "./ehlo.ts";
import { logIn } from "./login.ts";
import { ask, readReply, unwelcome } from "./reply.ts";
import { tellXclient } from "./xclient.ts";

/** A submission server that has been greeted in a client's name and told of the client. */
export interface SmtpTarget extends TargetSession {
  /** The lines of its answer to EHLO. */
  readonly offers: readonly string[];
}

/**
 * Opens a connection to the target's submission server for a client, up to the login: greeted with the client's own name, so that the client can go on behind its login as if it
 * had spoken with this server all the time.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; the signal's reason when it aborts
 */
export async function openSmtpTarget(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  origin: Origin,
  options: Omit<OpenLinesOptions, "origin"> = {},
): Promise<SmtpTarget> {
  const literal = addressLiteral(origin.address);
  const introduction = { name: origin.hello ?? literal, literal };
  const connection = await openLines(deps, "target", endpoint, dialogue(introduction), {
    ...options,
    origin,
  });
  const offers = await closingOnFailure(connection, async () => {
    const first = await sayHello(connection, introduction);
    const wanted = isToldInProtocol(endpoint) ? first.parametersOf("XCLIENT") : undefined;
    if (wanted === undefined || !(await tellXclient(connection, wanted, origin))) return first;
    return sayHello(connection, introduction);
  });
  return session(connection, offers);
}

/**
 * What the target's submission server offers, asked under the protection that it has for clients: the lines of its answer to EHLO.
 * @param hostname ours
 * @throws {Failure} as `openSmtpTarget`
 */
export async function askSmtpOffers(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  hostname: string,
  options: OpenLinesOptions = {},
): Promise<readonly string[]> {
  const introduction = { name: hostname, literal: addressLiteral("127.0.0.1") };
  const connection = await openLines(deps, "target", endpoint, dialogue(introduction), options);
  const { lines } = await closingOnFailure(connection, () => sayHello(connection, introduction));
  connection.leave(FAREWELL);
  return lines;
}

const FAREWELL = "QUIT\r\n";

function session(connection: LineConnection, offers: Offers): SmtpTarget {
  return {
    offers: offers.lines,
    logIn: (how) => logIn(connection, offers, how),
    detach: () => connection.detach(),
    leave: () => connection.leave(FAREWELL),
    close: () => connection.close(),
  };
}

function dialogue(introduction: Introduction): LineDialogue {
  return {
    protocol: "submission",
    greet,
    askForTls: async (connection) => {
      // Some want to be greeted first; what they offer in clear is not believed.
      await sayHello(connection, introduction);
      const reply = await ask(connection, "STARTTLS", "the answer to STARTTLS");
      if (reply.code === 220) return;
      if (reply.code < 500) throw unwelcome(connection, "cannot begin TLS at present", reply);
      throw protocolFault(
        connection,
        "does not offer STARTTLS, and nothing is sent to it in clear: try TLS from the first byte (port 465, tls: implicit)",
      );
    },
  };
}

async function greet(connection: LineConnection): Promise<void> {
  const greeting = await readReply(connection, "the greeting");
  if (greeting.code !== 220) throw unwelcome(connection, "turned the connection away", greeting);
  if (/\bimbarco ready\b/.test(greeting.lines.join(" ")))
    throw protocolFault(connection, "points at an imbarco: logins would go round in circles");
}

import type { Log } from "../../log/log.ts";
import type { Endpoint } from "../../model/endpoint.ts";
import { protocolFault } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";
import { closingOnFailure, type LineDialogue, type OpenLinesOptions, openLines } from "../open-lines.ts";
import { isToldInProtocol, type Origin } from "../origin.ts";
import type { TargetSession } from "../target-session.ts";
import { type SieveCapabilities, sieveCapabilities } from "./capabilities.ts";
import { logIn } from "./login.ts";
import { ask, CAPABILITY_LINES, readReply, unwelcome } from "./reply.ts";
import { tellXclient } from "./xclient.ts";

/** A ManageSieve server that has greeted and has been told of the client. */
export interface SieveTarget extends TargetSession {
  /** Its capabilities before the login, a line each (`SieveCapabilities.lines`). */
  readonly offers: readonly string[];
}

/**
 * Opens a connection to the target's ManageSieve server for a client, up to the login.
 * @throws {Failure} `target-unreachable`, `target-limit`, `target-protocol`; the signal's reason when it aborts
 */
export async function openSieveTarget(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  origin: Origin,
  options: Omit<OpenLinesOptions, "origin"> = {},
): Promise<SieveTarget> {
  const { connection, capabilities } = await open(deps, endpoint, { ...options, origin });
  if (isToldInProtocol(endpoint) && capabilities.valueOf("XCLIENT") !== undefined)
    await closingOnFailure(connection, () => tellXclient(connection, capabilities, origin));
  return {
    offers: capabilities.lines,
    logIn: (how) => logIn(connection, capabilities, how),
    detach: () => connection.detach(),
    leave: () => connection.leave(FAREWELL),
    close: () => connection.close(),
  };
}

/**
 * What the target's ManageSieve server offers, asked under the protection that it has for clients: a line each capability.
 * @throws {Failure} as `openSieveTarget`
 */
export async function askSieveOffers(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  options: OpenLinesOptions = {},
): Promise<readonly string[]> {
  const { connection, capabilities } = await open(deps, endpoint, options);
  if (endpoint.clientAddress === "proxy") await closingOnFailure(connection, () => confirmReady(connection));
  connection.leave(FAREWELL);
  return capabilities.lines;
}

/** A server that expects no PROXY header greets all the same, and then takes the header for commands: only its next answer shows that. */
async function confirmReady(connection: LineConnection): Promise<void> {
  connection.send("CAPABILITY\r\n");
  const reply = await readReply(connection, "the answer to CAPABILITY", CAPABILITY_LINES);
  if (reply.status !== "OK") throw unwelcome(connection, "refuses CAPABILITY", reply);
}

const FAREWELL = "LOGOUT\r\n";

interface Opened {
  readonly connection: LineConnection;
  readonly capabilities: SieveCapabilities;
}

async function open(
  deps: { readonly log: Log },
  endpoint: Endpoint,
  options: OpenLinesOptions,
): Promise<Opened> {
  let greeted: SieveCapabilities | null = null;
  const dialogue: LineDialogue = {
    protocol: "sieve",
    greet: async (connection) => {
      greeted = await readGreeting(connection);
    },
    askForTls: async (connection) => {
      // Offered or not: what is said in clear is not believed.
      const reply = await ask(connection, "STARTTLS", "the answer to STARTTLS");
      if (reply.status === "OK") return;
      if (reply.status === "BYE") throw unwelcome(connection, "cannot begin TLS at present", reply);
      throw protocolFault(
        connection,
        "does not offer STARTTLS, and nothing is sent to it in clear: give it a certificate, or set target.sieve.tls to what it has",
      );
    },
  };
  const connection = await openLines(deps, "target", endpoint, dialogue, options);
  if (endpoint.tls !== "starttls" && greeted !== null) return { connection, capabilities: greeted };
  // RFC 5804 §2.2: unasked, and what was said before TLS is forgotten.
  const capabilities = await closingOnFailure(connection, () => readGreeting(connection));
  return { connection, capabilities };
}

async function readGreeting(connection: LineConnection): Promise<SieveCapabilities> {
  const greeting = await readReply(connection, "the greeting", CAPABILITY_LINES);
  if (greeting.status !== "OK") throw unwelcome(connection, "turned the connection away", greeting);
  if (/\bimbarco ready\b/.test(greeting.said.text))
    throw protocolFault(connection, "points at an imbarco: logins would go round in circles");
  return sieveCapabilities(greeting.data);
}

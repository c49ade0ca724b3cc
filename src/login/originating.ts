import type { ClientTls } from "../model/client-tls.ts";
import { Failure } from "../model/failure.ts";
import { plainAddress } from "../model/network.ts";
import type { Origin } from "../upstream/origin.ts";
import type { LoginRequest } from "./deps.ts";

/** How often a login may be passed on by those in front of the mailbox; Dovecot's proxies begin with the same number. */
export const FIRST_HOPS = 5;

/** What of a login the target is told. */
export type Originator = Pick<LoginRequest, "client" | "session" | "hops" | "hello" | "tlsInUse">;

/** For whom a connection to the target is opened, in the words of all protocols: ID, XCLIENT, PROXY. One hop is ours. */
export function originOf({ client, session, hops, hello, tlsInUse }: Originator): Origin {
  return {
    address: plainAddress(client.address).split("%")[0] ?? "",
    port: client.port,
    session,
    hops: hopsLeft(hops) - 1,
    hello: hello ?? null,
    tls: client.tls ? () => tlsInUse?.() ?? NOT_KNOWN : undefined,
  };
}

/** Of a client that is gone: its login goes on for others that came with it. */
const NOT_KNOWN: ClientTls = { version: null, cipher: null };

/**
 * Refuses a login that has been passed on too often: whoever passed it on leads to us, and we to them.
 * @throws {Failure} `proxy-loop`
 */
export function refuseCircles({ hops }: Pick<LoginRequest, "hops">): void {
  if (hopsLeft(hops) > 0) return;
  throw new Failure(
    "proxy-loop",
    `this login has been passed on ${FIRST_HOPS} times: imbarco is led in circles. Its target must be the mail server itself, not something that leads back here; imbarco check tells`,
  );
}

/** What a client says of it can only lower the number: nobody gets more by asking. */
function hopsLeft(told: number | undefined): number {
  return Math.min(told ?? FIRST_HOPS, FIRST_HOPS);
}

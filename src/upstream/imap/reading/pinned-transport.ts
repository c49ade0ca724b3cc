import type { Socket } from "node:net";
import type { ImapFlowOptions } from "imapflow";
import type { Endpoint } from "../../../model/endpoint.ts";
import { connectClear, connectTls } from "../../../net/connect.ts";
import { prefaceFor } from "../../origin.ts";

/**
 * How imapflow connects to a server whose certificate is known by its fingerprint, or which expects a PROXY header: it has no such options, and would send the
 * password unseen, or fall silent together with the server.
 */
export function pinnedTransport(endpoint: Endpoint): NonNullable<ImapFlowOptions["transport"]> {
  const preface = prefaceFor(endpoint, null);
  return {
    connect: ({ secure }, onConnect) => {
      if (!secure) return connectClear(endpoint, preface, onConnect);
      // TLS begins once its socket is connected, which is behind the preface.
      const first = preface === undefined ? null : connectClear(endpoint, preface, tlsGoesOn);
      return connectTls(endpoint, first, "imap", onConnect);
    },
    // What `connect` gave comes back.
    upgrade: (socket, _options, onSecure) => connectTls(endpoint, socket as Socket, "imap", onSecure),
  };
}

function tlsGoesOn(): void {
  // The library hears of the connection when it is secure.
}

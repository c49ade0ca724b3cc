import net from "node:net";
import tls from "node:tls";
import type { Endpoint } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { clientTlsOptions, pinFault } from "./tls.ts";

/**
 * A connection in clear, for a library that wants its socket at once.
 * @param preface octets that go before everything else: a PROXY header
 */
export function connectClear(
  endpoint: Endpoint,
  preface: ((socket: net.Socket) => Buffer) | undefined,
  onConnect: () => void,
): net.Socket {
  const socket = net.connect({ host: endpoint.host, port: endpoint.port }, () => {
    if (preface) socket.write(preface(socket));
    onConnect();
  });
  return socket;
}

/**
 * TLS over a connection that stands, or over a new one. The socket ends with an error instead where the certificate is not to be believed.
 * @param onSecure hears of it before any octet is sent
 */
export function connectTls(
  endpoint: Endpoint,
  socket: net.Socket | null,
  protocol: ProtocolName,
  onSecure: () => void,
): tls.TLSSocket {
  const way = socket === null ? { port: endpoint.port } : { socket };
  const secured = tls.connect({ ...clientTlsOptions(endpoint, protocol), ...way }, () => {
    const fault = pinFault(endpoint, secured);
    if (fault === null) onSecure();
    else secured.destroy(fault);
  });
  return secured;
}

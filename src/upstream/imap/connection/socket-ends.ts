import type net from "node:net";
import type tls from "node:tls";

/** Both ends of a connection as `address:port`, IPv6 in brackets. */
export interface SocketEnds {
  readonly local: string;
  readonly remote: string;
}

/** The two ends as they are now; `null` for what is no TCP connection. */
export function socketEnds(socket: net.Socket | tls.TLSSocket): SocketEnds | null {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return null;
  const end = (address: string, port: number) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return { local: end(localAddress, localPort), remote: end(remoteAddress, remotePort) };
}

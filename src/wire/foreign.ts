/** Another protocol than the port's. */
export type ForeignProtocol = "http" | "tls";

/** A browser that was lured to this port (cross-protocol attacks) speaks like this; no mail command does. */
const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE|PRI) \S+ HTTP\//;

/** The first octet of a TLS handshake record: where a command should begin, a client that expected implicit TLS here. */
export const TLS_HANDSHAKE = 0x16;

/** Whether a line is the first one of an HTTP request. */
export function isHttpRequest(line: Buffer): boolean {
  return line.includes(" HTTP/") && HTTP_REQUEST.test(line.toString("latin1"));
}

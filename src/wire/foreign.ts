/** Another protocol than the port's. */
export type ForeignProtocol = "http" | "ssh" | "tls";

/** A browser that was lured to this port (cross-protocol attacks) speaks like this; no mail command does. */
const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE|PRI) \S+ HTTP\//;

/** The first octet of a TLS handshake record: where a command should begin, a client that expected implicit TLS here. */
export const TLS_HANDSHAKE = 0x16;

/** RFC 4253 §4.2: both sides of SSH begin with their version. */
const SSH_VERSION = "SSH-";

/** Which other protocol begins with this line; `null` where it may be a command. */
export function foreignLine(line: Buffer): ForeignProtocol | null {
  if (line.includes(" HTTP/") && HTTP_REQUEST.test(line.toString("latin1"))) return "http";
  return line.subarray(0, SSH_VERSION.length).equals(Buffer.from(SSH_VERSION)) ? "ssh" : null;
}

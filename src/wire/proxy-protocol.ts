import type { ClientTls } from "../model/client-tls.ts";
import { addressOctets, addressText, asIpv6, withoutMapping } from "../model/ip.ts";

/**
 * The PROXY protocol of HAProxy, versions 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt): who connects, said by a load
 * balancer before the first octet of the client.
 */

/** §2.1: the longest line, CRLF included. */
const V1_OCTETS = 107;
/** §2.2: 12 octets that no protocol in use begins with. */
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const V2_HEAD_OCTETS = 16;
/** Addresses take 36 octets, and what load balancers add (a host name, a certificate's subject, an id) some hundreds; the field itself could say 65,535. */
const V2_OCTETS = 4_096;
const VERSION_LOCAL = 0x20;
const VERSION_PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;
/** Families that exist and tell no TCP address: unspecified, UDP and UNIX sockets. */
const OTHER_FAMILIES: ReadonlySet<number> = new Set([0x00, 0x12, 0x22, 0x31, 0x32]);
const TLV_HEAD_OCTETS = 3;
const TLV_CRC32C = 0x03;
/** §2.2.6: what protects the client, with further extensions inside. */
const TLV_SSL = 0x20;
const TLV_SSL_VERSION = 0x21;
const TLV_SSL_CIPHER = 0x23;
/** The client came over TLS, and has shown no certificate: then `verify` is not 0. */
const SSL_WITHOUT_CERTIFICATE = Buffer.of(0x01, 0, 0, 0, 1);

const NOTHING = Buffer.alloc(0);

/** One end of a connection. */
export interface ProxyEnd {
  readonly address: string;
  readonly port: number;
}

/** What has been read so far. */
export type ProxyRead =
  | { readonly kind: "more" }
  /** `client` is `null` where the header says that nobody is known (UNKNOWN, LOCAL, another family). `rest` came behind the header. */
  | { readonly kind: "header"; readonly client: ProxyEnd | null; readonly rest: Buffer }
  | { readonly kind: "bad"; readonly why: string };

/** Reads one header, however its octets come in. Of no use after it has said `header` or `bad`. */
export class ProxyHeaderReader {
  #octets = Buffer.alloc(0);

  /** Takes the next octets. Never keeps more than one header and what came in the same piece. */
  push(octets: Buffer): ProxyRead {
    this.#octets = Buffer.concat([this.#octets, octets]);
    if (this.#octets.length === 0) return { kind: "more" };
    if (startsLike(this.#octets, SIGNATURE)) return readV2(this.#octets);
    if (startsLike(this.#octets, Buffer.from("PROXY "))) return readV1(this.#octets);
    return bad("it does not begin with a PROXY header");
  }
}

/**
 * The header of version 2 that goes before everything else on a connection: for `client`, or for ourselves where there is none (LOCAL).
 * @param tls what protects the client's own connection, told as by HAProxy's `send-proxy-v2-ssl`; absent = nothing is told of it
 */
export function proxyHeader(client: ProxyEnd | null, server: ProxyEnd, tls?: ClientTls | null): Buffer {
  const from = client === null ? null : octetsOf(client);
  const to = octetsOf(server);
  if (client === null || from === null || to === null) return headed(VERSION_LOCAL, 0x00, Buffer.alloc(0));
  // §2.2 knows one family for both ends: as HAProxy does, an IPv4 end goes inside an IPv6 address where the other end has one.
  const family = from.length === to.length && from.length === 4 ? TCP4 : TCP6;
  const addresses = family === TCP4 ? [from, to] : [asIpv6(from), asIpv6(to)];
  return headed(
    VERSION_PROXY,
    family,
    Buffer.concat([...addresses, uint16(client.port), uint16(server.port), tls ? sslTlv(tls) : NOTHING]),
  );
}

function sslTlv({ version, cipher }: ClientTls): Buffer {
  const words = [tlv(TLV_SSL_VERSION, version), tlv(TLV_SSL_CIPHER, cipher)];
  return tlv(TLV_SSL, Buffer.concat([SSL_WITHOUT_CERTIFICATE, ...words]));
}

/** One extension (§2.2.7); none where there is nothing to say. */
function tlv(type: number, value: Buffer | string | null): Buffer {
  if (value === null) return NOTHING;
  const octets = Buffer.from(value as string, "latin1");
  return Buffer.concat([Buffer.of(type), uint16(octets.length), octets]);
}

function readV1(octets: Buffer): ProxyRead {
  const end = octets.subarray(0, V1_OCTETS).indexOf("\r\n");
  if (end < 0) return octets.length >= V1_OCTETS ? bad("its line has no end") : { kind: "more" };
  const rest = octets.subarray(end + 2);
  const [, family, ...fields] = octets.toString("latin1", 0, end).split(" ");
  // §2.1: behind UNKNOWN the receiver ignores anything up to the end of the line.
  if (family === "UNKNOWN") return { kind: "header", client: null, rest };
  const size = family === "TCP4" ? 4 : family === "TCP6" ? 16 : null;
  if (size === null) return bad("it names a family that is none");
  const [from = "", to = "", fromPort = "", toPort = ""] = fields;
  const address = addressOctets(from);
  const isSound =
    fields.length === 4 &&
    address?.length === size &&
    addressOctets(to)?.length === size &&
    isPort(fromPort) &&
    isPort(toPort);
  if (!isSound) return bad("its addresses or ports are none");
  return { kind: "header", client: { address: addressText(address), port: Number(fromPort) }, rest };
}

function readV2(octets: Buffer): ProxyRead {
  if (octets.length < V2_HEAD_OCTETS) return { kind: "more" };
  const version = octets.readUInt8(12);
  const family = octets.readUInt8(13);
  const length = octets.readUInt16BE(14);
  if (version !== VERSION_LOCAL && version !== VERSION_PROXY) return bad("its version or command is unknown");
  if (V2_HEAD_OCTETS + length > V2_OCTETS)
    return bad(`it announces ${length} octets, more than ${V2_OCTETS} in all`);
  if (octets.length < V2_HEAD_OCTETS + length) return { kind: "more" };
  const header = octets.subarray(0, V2_HEAD_OCTETS + length);
  const rest = octets.subarray(header.length);
  const addressOctetsEach = family === TCP4 ? 4 : family === TCP6 ? 16 : null;
  // §2.2: with LOCAL the receiver keeps the connection's own addresses and skips the rest.
  if (version === VERSION_LOCAL) return { kind: "header", client: null, rest };
  if (addressOctetsEach === null)
    return OTHER_FAMILIES.has(family) ? { kind: "header", client: null, rest } : bad("its family is unknown");
  const tlvAt = V2_HEAD_OCTETS + 2 * addressOctetsEach + 4;
  if (header.length < tlvAt) return bad("it is too short for its addresses");
  const fault = tlvFault(header, tlvAt);
  if (fault !== null) return bad(fault);
  const address = addressText(header.subarray(V2_HEAD_OCTETS, V2_HEAD_OCTETS + addressOctetsEach));
  return { kind: "header", client: { address, port: header.readUInt16BE(tlvAt - 4) }, rest };
}

/** §2.2.1: what follows the addresses must be whole, and its checksum right where it has one (§2.2.3). */
function tlvFault(header: Buffer, from: number): string | null {
  let at = from;
  while (at < header.length) {
    if (at + TLV_HEAD_OCTETS > header.length) return "it ends within an extension";
    const length = header.readUInt16BE(at + 1);
    const value = at + TLV_HEAD_OCTETS;
    if (value + length > header.length) return "one of its extensions is longer than the header";
    if (header[at] === TLV_CRC32C && !isChecksumRight(header, value, length)) return "its checksum is wrong";
    at = value + length;
  }
  return null;
}

function isChecksumRight(header: Buffer, at: number, length: number): boolean {
  if (length !== 4) return false;
  const blank = Buffer.from(header);
  blank.fill(0, at, at + length);
  return crc32c(blank) === header.readUInt32BE(at);
}

/** RFC 9260 Appendix A: the polynomial of Castagnoli, reflected. Headers are short, so no table. */
export function crc32c(octets: Buffer): number {
  let sum = 0xffffffff;
  for (const octet of octets) {
    sum ^= octet;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function headed(version: number, family: number, addresses: Buffer): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.of(version, family), uint16(addresses.length), addresses]);
}

/** IPv4 in its own form, whatever dress it comes in; without a zone, which means nothing elsewhere. */
function octetsOf({ address }: ProxyEnd): Buffer | null {
  const octets = addressOctets(address.split("%")[0] ?? "");
  return octets === null ? null : withoutMapping(octets);
}

function uint16(value: number): Buffer {
  return Buffer.of((value >> 8) & 0xff, value & 0xff);
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** Whether `octets` and `beginning` are the same as far as both go. */
function startsLike(octets: Buffer, beginning: Buffer): boolean {
  const length = Math.min(octets.length, beginning.length);
  return octets.subarray(0, length).equals(beginning.subarray(0, length));
}

function bad(why: string): ProxyRead {
  return { kind: "bad", why };
}

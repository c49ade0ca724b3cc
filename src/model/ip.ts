const IPV4_OCTETS = 4;
const IPV6_OCTETS = 16;
/** RFC 4291 §2.5.5.2: what stands before an IPv4 address inside an IPv6 one. */
const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

/** The octets of an IPv4 or IPv6 address as people write it, 4 or 16 of them; `null` where it is none. A zone (`%eth0`) is none of it. */
export function addressOctets(text: string): Buffer | null {
  return text.includes(":") ? ipv6Octets(text) : ipv4Octets(text);
}

/** 4 or 16 octets as text: IPv6 in the form of RFC 5952, an IPv4 address inside it with dots. */
export function addressText(octets: Buffer): string {
  if (octets.length === IPV4_OCTETS) return octets.join(".");
  if (isMapped(octets)) return `::ffff:${octets.subarray(MAPPED_PREFIX.length).join(".")}`;
  const groups = Array.from({ length: 8 }, (_, at) => octets.readUInt16BE(at * 2));
  const { from, length } = longestZeros(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}

/** An address as 16 octets: an IPv4 address inside an IPv6 one. */
export function asIpv6(octets: Buffer): Buffer {
  return octets.length === IPV4_OCTETS ? Buffer.concat([MAPPED_PREFIX, octets]) : octets;
}

/** The IPv4 address inside an IPv6 one as its 4 octets; every other address as it is. */
export function withoutMapping(octets: Buffer): Buffer {
  return isMapped(octets) ? octets.subarray(MAPPED_PREFIX.length) : octets;
}

/** A network such as `10.0.0.0/8`, or one address. */
export interface IpNetwork {
  /** As it was written. */
  readonly text: string;
  readonly octets: readonly number[];
  /** How many bits of it count. */
  readonly bits: number;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or an address alone; `null` where it is none. Bits behind the prefix must be zero: who writes others means something else. */
export function parseNetwork(text: string): IpNetwork | null {
  const [address = "", prefix, ...more] = text.split("/");
  const octets = addressOctets(address);
  if (octets === null || more.length > 0) return null;
  const all = octets.length * 8;
  if (prefix === undefined) return { text, octets: [...octets], bits: all };
  const bits = decimal(prefix, all);
  if (bits === null) return null;
  return octets.equals(masked(octets, bits)) ? { text, octets: [...octets], bits } : null;
}

/** Whether an address lies in one of the networks. An IPv4 client of an IPv6 socket counts as what it is. */
export function isInside(networks: readonly IpNetwork[], address: string): boolean {
  const whole = addressOctets(address.split("%")[0] ?? "");
  if (whole === null) return false;
  const octets = withoutMapping(whole);
  return networks.some((network) => {
    const other = withoutMapping(Buffer.from(network.octets));
    const bits = network.bits - (network.octets.length - other.length) * 8;
    if (other.length !== octets.length || bits < 0) return false;
    return masked(octets, bits).equals(masked(other, bits));
  });
}

function isMapped(octets: Buffer): boolean {
  return octets.length === IPV6_OCTETS && octets.subarray(0, MAPPED_PREFIX.length).equals(MAPPED_PREFIX);
}

function masked(octets: Buffer, bits: number): Buffer {
  return Buffer.from(
    octets.map((octet, at) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - at * 8))) & 0xff),
  );
}

function ipv4Octets(text: string): Buffer | null {
  const parts = text.split(".").map((part) => decimal(part, 255));
  if (parts.length !== IPV4_OCTETS) return null;
  const octets = parts.filter((part) => part !== null);
  return octets.length === IPV4_OCTETS ? Buffer.from(octets) : null;
}

/** RFC 4291 §2.2, all three forms. */
function ipv6Octets(text: string): Buffer | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, at) => groupOctets(half, at === halves.length - 1));
  if (!head || tail === null) return null;
  if (tail === undefined) return head.length === IPV6_OCTETS ? head : null;
  const zeros = IPV6_OCTETS - head.length - tail.length;
  // RFC 5952 §4.2.2 discourages `::` for a single group, which is still an address.
  return zeros < 2 ? null : Buffer.concat([head, Buffer.alloc(zeros), tail]);
}

/** What stands on one side of `::`. An IPv4 address may end the whole. */
function groupOctets(text: string, endsAddress: boolean): Buffer | null {
  if (text === "") return Buffer.alloc(0);
  const groups = text.split(":");
  if (groups.length > 8) return null;
  const parts = groups.map((group, at) => {
    if (endsAddress && group.includes(".") && at === groups.length - 1) return ipv4Octets(group);
    return /^[0-9a-f]{1,4}$/i.test(group) ? Buffer.from(group.padStart(4, "0"), "hex") : null;
  });
  const whole = parts.filter((part) => part !== null);
  return whole.length === parts.length ? Buffer.concat(whole) : null;
}

/** A decimal number without leading zeros, which some programs read as octal. */
function decimal(text: string, highest: number): number | null {
  if (!/^(0|[1-9]\d{0,4})$/.test(text)) return null;
  const value = Number(text);
  return value <= highest ? value : null;
}

function longestZeros(groups: readonly number[]): { from: number; length: number } {
  let best = { from: 0, length: 0 };
  let from = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== 0) from = at + 1;
    else if (at + 1 - from > best.length) best = { from, length: at + 1 - from };
  }
  return best;
}

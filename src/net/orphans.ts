import { createReadStream } from "node:fs";
import { isIPv6 } from "node:net";
import { endianness } from "node:os";

/** Both ends of a TCP connection as this machine sees them: `address:port`, IPv6 in brackets. */
export interface ConnectionEnds {
  readonly local: string;
  readonly remote: string;
}

/**
 * What the kernel still holds of a connection whose owner has closed it or is dead.
 * `closing`: the other side has not let go of it, so it may still work on what it was sent. `closed`: it has let go. `none`: the kernel knows no such
 * connection (any more): it was reset, or it ended more than a minute ago. `unknown`: a living process holds our end, or the kernel cannot be asked.
 */
export type OrphanState = "closing" | "closed" | "none" | "unknown";

/** Both tables of a machine with half a million sockets; what is longer is not read to its end. */
const LARGEST_TABLE_OCTETS = 64 * 1024 * 1024;
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"] as const;

/**
 * Asks the kernel about one connection. Linux only, and only for this machine and network namespace: elsewhere `unknown`.
 * The tables are read anew each time, at most 64 MiB of each; never throws.
 */
export async function orphanedConnection(ends: ConnectionEnds): Promise<OrphanState> {
  const finder = new ConnectionFinder(ends, endianness());
  try {
    for (const table of TABLES) if (!(await feedTable(table, finder))) return "unknown";
  } catch {
    return "unknown"; // no Linux, or /proc is hidden
  }
  return finder.state();
}

/** @returns false where the table is longer than its bound */
async function feedTable(path: string, finder: ConnectionFinder): Promise<boolean> {
  let rest = "";
  let octets = 0;
  for await (const piece of createReadStream(path, "latin1") as AsyncIterable<string>) {
    octets += piece.length;
    if (octets > LARGEST_TABLE_OCTETS) return false;
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) finder.take(line);
  }
  finder.take(rest);
  return true;
}

/** States of `include/net/tcp_states.h` as the tables write them. */
const STATE = {
  established: "01",
  synSent: "02",
  synReceived: "03",
  /** Our end is closed, and the other kernel has not taken all that was sent. */
  finWait1: "04",
  /** Our end is closed and the other kernel has everything, but its process has not closed its end. */
  finWait2: "05",
  /** The other end was closed first. */
  closeWait: "08",
} as const;

const OWNED: ReadonlySet<string> = new Set([
  STATE.established,
  STATE.synSent,
  STATE.synReceived,
  STATE.closeWait,
]);
const UNDER_WAY: ReadonlySet<string> = new Set([STATE.finWait1, STATE.finWait2]);
/** The other end, where it is on this machine too, in the hand of its process. */
const HELD_BY_PEER: ReadonlySet<string> = new Set([STATE.established, STATE.closeWait]);

/** Columns 2 to 4 of a line: both ends and the state. */
const COLUMNS = /^\s*\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) /;

/** Looks for one connection among the lines of the kernel's tables: our end, and the other where it is on this machine too. */
export class ConnectionFinder {
  readonly #keysOfOurs: ReadonlySet<string>;
  readonly #keysOfTheirs: ReadonlySet<string>;
  #ours: string | null = null;
  #theirs: string | null = null;

  /** @param order of the octets in this machine's numbers: the kernel writes addresses as numbers */
  constructor(ends: ConnectionEnds, order: "LE" | "BE") {
    const [local, remote] = [writtenForms(ends.local, order), writtenForms(ends.remote, order)];
    this.#keysOfOurs = pairs(local, remote);
    this.#keysOfTheirs = pairs(remote, local);
  }

  /** One line of a table; others than of connections are passed over. */
  take(line: string): void {
    const [, ends = "", state = ""] = COLUMNS.exec(line) ?? [];
    if (this.#keysOfOurs.has(ends)) this.#ours = state;
    else if (this.#keysOfTheirs.has(ends)) this.#theirs = state;
  }

  /** What the lines so far mean. */
  state(): OrphanState {
    if (this.#keysOfOurs.size === 0) return "unknown";
    if (this.#ours !== null) {
      if (OWNED.has(this.#ours)) return "unknown";
      // TIME_WAIT, CLOSING and LAST_ACK: the other side has closed its end.
      return UNDER_WAY.has(this.#ours) ? "closing" : "closed";
    }
    // The kernel forgets our end after tcp_fin_timeout, 60 s; the other end stays as long as its process holds it.
    return this.#theirs !== null && HELD_BY_PEER.has(this.#theirs) ? "closing" : "none";
  }
}

function pairs(firsts: readonly string[], seconds: readonly string[]): Set<string> {
  return new Set(firsts.flatMap((first) => seconds.map((second) => `${first} ${second}`)));
}

/** How the tables may write an end: an IPv4 address also as one mapped into IPv6 (RFC 4291 §2.5.5.2). None for what is no address. */
function writtenForms(end: string, order: "LE" | "BE"): string[] {
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(end) ?? [];
  const octets = isIPv6(host) ? octetsOfIpv6(host) : octetsOfIpv4(host);
  if (octets === null) return [];
  const written = `:${Number(port).toString(16).toUpperCase().padStart(4, "0")}`;
  const mapping = [...Array<number>(10).fill(0), 0xff, 0xff];
  const isMapped = octets.length === 16 && mapping.every((octet, at) => octets[at] === octet);
  const short = isMapped ? octets.slice(12) : octets;
  const forms = short.length === 4 ? [short, [...mapping, ...short]] : [short];
  return forms.map((form) => writtenWords(form, order) + written);
}

/** Four octets at a time, as the kernel prints a number that lies in memory in network order. */
function writtenWords(octets: readonly number[], order: "LE" | "BE"): string {
  const buffer = Buffer.from(octets);
  if (order === "LE") buffer.swap32();
  return buffer.toString("hex").toUpperCase();
}

function octetsOfIpv4(host: string): number[] | null {
  const octets = host.split(".").map(Number);
  return octets.length === 4 && octets.every((octet) => octet >= 0 && octet <= 255) ? octets : null;
}

function octetsOfIpv6(host: string): number[] {
  // A zone (`%eth0`) is no part of the address.
  const [head = "", tail] = host.replace(/%.*$/, "").split("::");
  const before = octetsOfGroups(head);
  if (tail === undefined) return before;
  const after = octetsOfGroups(tail);
  return [...before, ...Array<number>(16 - before.length - after.length).fill(0), ...after];
}

function octetsOfGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return octetsOfIpv4(group) ?? [];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

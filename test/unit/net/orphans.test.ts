import { describe, expect, it } from "vitest";
import { ConnectionFinder, type OrphanState } from "../../../src/net/orphans.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const OURS = "0100007F:9848";
const THEIRS = "0100007F:D82F";
const ENDS = { local: "127.0.0.1:38984", remote: "127.0.0.1:55343" };

/** A line as Linux 6 writes it. */
function line(local: string, remote: string, state: string): string {
  return `   2: ${local} ${remote} ${state} 00000000:00000000 03:00001648 00000000     0        0 0 3 00000000145cef3c`;
}

function stateOf(lines: readonly string[], ends = ENDS, order: "LE" | "BE" = "LE"): OrphanState {
  const finder = new ConnectionFinder(ends, order);
  for (const one of [HEAD, line(THEIRS, "00000000:0000", "0A"), ...lines, ""]) finder.take(one);
  return finder.state();
}

describe("a connection whose owner is dead", () => {
  it.each([
    ["FIN_WAIT1: the other kernel has not taken all", "04", "closing"],
    ["FIN_WAIT2: the other process has not let go", "05", "closing"],
    ["TIME_WAIT: the other side has let go", "06", "closed"],
    ["LAST_ACK: the other side let go first", "09", "closed"],
    ["CLOSING: both let go at once", "0B", "closed"],
  ] as const)("in %s", (_name, state, expected) => {
    expect(stateOf([line(OURS, THEIRS, state)])).toBe(expected);
  });

  it("is held when the kernel has forgotten our end, and the other one is here and in a process's hand", () => {
    expect(stateOf([line(THEIRS, OURS, "08")])).toBe("closing");
    expect(stateOf([line(THEIRS, OURS, "01")])).toBe("closing");
    expect(stateOf([line(THEIRS, OURS, "09")])).toBe("none");
  });

  it("is judged by our end when both are here", () => {
    expect(stateOf([line(THEIRS, OURS, "08"), line(OURS, THEIRS, "05")])).toBe("closing");
    expect(stateOf([line(OURS, THEIRS, "06"), line(THEIRS, OURS, "08")])).toBe("closed");
  });

  it("is gone when no line names it, and other connections to the same server do not count", () => {
    expect(stateOf([])).toBe("none");
    expect(stateOf([line("0100007F:9849", THEIRS, "05"), line("0200007F:9848", THEIRS, "05")])).toBe("none");
  });
});

it("a connection that a living process holds tells nothing", () => {
  expect(stateOf([line(OURS, THEIRS, "01")])).toBe("unknown");
  expect(stateOf([line(OURS, THEIRS, "08")])).toBe("unknown");
});

it("an IPv6 connection is found, whatever way its addresses are written", () => {
  const row = line("B80D0120000000000000000001000000:9848", "B80D0120000000000000000002000000:03E1", "05");
  const remote = "[2001:db8::2]:993";
  expect(stateOf([row], { local: "[2001:db8::1]:38984", remote })).toBe("closing");
  expect(stateOf([row], { local: "[2001:db8:0:0:0:0:0:1]:38984", remote })).toBe("closing");
  expect(stateOf([row], { local: "[2001:db8::1%eth0]:38984", remote })).toBe("closing");
  expect(stateOf([row], { local: "[2001:db8::3]:38984", remote })).toBe("none");
});

it("an IPv4 connection of an IPv6 socket is found by either form of its addresses", () => {
  const row = line("0000000000000000FFFF00000100007F:9848", "0000000000000000FFFF00000100007F:D82F", "05");
  expect(stateOf([row])).toBe("closing");
  const mapped = { local: "[::ffff:127.0.0.1]:38984", remote: "[::ffff:7f00:1]:55343" };
  expect(stateOf([row], mapped)).toBe("closing");
  expect(stateOf([line(OURS, THEIRS, "05")], mapped)).toBe("closing");
});

it("a machine of the other octet order writes addresses the other way round", () => {
  expect(stateOf([line("7F000001:9848", "7F000001:D82F", "05")], ENDS, "BE")).toBe("closing");
});

it("what is no address, or no line of a table, means nothing", () => {
  expect(stateOf([], { local: "nonsense", remote: "127.0.0.1:1" })).toBe("unknown");
  expect(stateOf(["", "0100007F:9848", `   2: ${OURS} ${THEIRS}`, "\u0000"])).toBe("none");
});

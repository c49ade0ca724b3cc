import type { SecureContext } from "node:tls";
import { expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { PROTOCOLS } from "../../../src/model/protocol.ts";
import { ticketKeys, useTickets } from "../../../src/net/tickets.ts";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 10, 22);

function keysAt(now: number, filler = 7) {
  const clock = { time: now, now: () => clock.time };
  return { clock, keys: ticketKeys(new Secret(Buffer.alloc(32, filler)), clock) };
}

test("two processes with the same secret have the same keys without a word", () => {
  const here = keysAt(START).keys.current("imap");
  const there = keysAt(START).keys;
  expect(there.named("imap", here.name)).toEqual(here);
});

test("another secret has other keys", () => {
  const other = keysAt(START, 8).keys.current("imap");
  expect(keysAt(START).keys.named("imap", other.name)).toBeNull();
});

test("the keys of one protocol are unknown to the others", () => {
  const { keys } = keysAt(START);
  for (const protocol of PROTOCOLS)
    expect(PROTOCOLS.filter((other) => keys.named(other, keys.current(protocol).name) !== null)).toEqual([
      protocol,
    ]);
});

test("no two parts of a key are the same octets", () => {
  const { name, hmac, aes } = keysAt(START).keys.current("imap");
  expect([name.length, hmac.length, aes.length]).toEqual([16, 32, 16]);
  expect(
    new Set([name, hmac.subarray(0, 16), hmac.subarray(16), aes].map((part) => part.toString("hex"))).size,
  ).toBe(4);
});

test("keys change during the day, and a ticket is good for a day after it was made", () => {
  const { clock, keys } = keysAt(START);
  const first = keys.current("imap");
  clock.time += 7 * HOUR_MS;
  expect(keys.current("imap").name).not.toEqual(first.name);
  clock.time = START + 24 * HOUR_MS;
  expect(keys.named("imap", first.name)).toEqual(first);
  clock.time = START + 31 * HOUR_MS;
  expect(keys.named("imap", first.name)).toBeNull();
});

test("a machine whose clock is a little ahead is understood", () => {
  const ahead = keysAt(START + HOUR_MS).keys.current("imap");
  expect(keysAt(START - HOUR_MS).keys.named("imap", ahead.name)).toEqual(ahead);
});

interface Native {
  enableTicketKeyCallback?: () => void;
  setTicketKeys?: (octets: Buffer) => void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, sealing: boolean) => unknown[];
}

function contextWith(native: Native): SecureContext {
  return { context: native };
}

test("OpenSSL is told to seal with the present key, to take a known ticket and renew it, and to go without an unknown one", () => {
  const { keys } = keysAt(START);
  const native: Native = { enableTicketKeyCallback: () => undefined };
  useTickets(contextWith(native), "imap", keys);
  const ask = (name: Buffer, sealing: boolean) =>
    native.onticketkeycallback?.(name, Buffer.alloc(16), sealing);
  const { name, hmac, aes } = keys.current("imap");
  const sealed = ask(Buffer.alloc(16), true);
  expect(sealed).toEqual([1, hmac, aes, name, expect.any(Buffer)]);
  expect(sealed?.[4]).not.toEqual(ask(Buffer.alloc(16), true)?.[4]);
  expect(ask(name, false)).toEqual([2, hmac, aes]);
  // Node reads the keys whatever the answer, and ends the process where they are not buffers.
  expect(ask(Buffer.alloc(16, 9), false)).toEqual([0, expect.any(Buffer), expect.any(Buffer)]);
  expect(ask(Buffer.alloc(0), false)?.[0]).toBe(0);
});

test("a Node without the callback gets the present key for good", () => {
  const { keys } = keysAt(START);
  const given: Buffer[] = [];
  useTickets(contextWith({ setTicketKeys: (octets) => given.push(octets) }), "imap", keys);
  expect(given[0]?.length).toBe(48);
  expect(given[0]?.subarray(0, 16)).toEqual(keys.current("imap").name);
  expect(() => useTickets(contextWith({}), "imap", keys)).not.toThrow();
});

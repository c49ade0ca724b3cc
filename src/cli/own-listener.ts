import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import type { Listener } from "../config/config.ts";

/** The own listener that a connection to `host:port` would reach, by the addresses that the name has now. */
export async function ownListenerAt(
  listeners: readonly Listener[],
  host: string,
  port: number,
): Promise<Listener | null> {
  const found = await lookup(host, { all: true }).catch(() => []);
  const mine = new Set(
    Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .map(({ address }) => address),
  );
  const here = found
    .map(({ address }) => address)
    .filter((address) => mine.has(address) || isLoopback(address));
  const isReached = ({ listen }: Listener) =>
    listen.port === port && here.some((address) => address === listen.host || isAnyAddress(listen.host));
  return listeners.find(isReached) ?? null;
}

function isAnyAddress(host: string): boolean {
  return host === "0.0.0.0" || /^[0:]+$/.test(host);
}

/** Whether a host is this machine, without asking the DNS. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

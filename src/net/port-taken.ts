import { once } from "node:events";
import net from "node:net";
import { networkInterfaces } from "node:os";

/** A connection to this machine stands at once or never. */
const CONNECT_LIMIT_MS = 1_000;

/**
 * The first of this machine's addresses at which somebody accepts connections to `port`, of those that listening on `host` would take; `null` where nobody does. Nothing is
 * sent.
 * @param host an address of this machine, or `0.0.0.0` or `::` for all of them
 */
export async function takenAt(host: string, port: number): Promise<string | null> {
  for (const address of addressesBehind(host)) if (await accepts(address, port)) return address;
  return null;
}

function addressesBehind(host: string): string[] {
  if (host !== "0.0.0.0" && !/^[0:]+$/.test(host)) return [host];
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(
      ({ family, address }) => family === "IPv4" || (host !== "0.0.0.0" && !address.startsWith("fe80:")),
    )
    .map(({ address }) => address);
}

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_LIMIT_MS) });
    return true;
  } catch {
    // Refused, or not an address of this machine: then nobody has the port there.
    return false;
  } finally {
    socket.destroy();
  }
}

import { startHealth } from "../admin/health.ts";
import type { ListenAddress } from "../config/config.ts";
import { ListenError } from "../net/listen.ts";
import type { Parts } from "./parts.ts";
import { readiness } from "./readiness.ts";
import type { Stop } from "./surroundings.ts";

/**
 * Starts the HTTP interface.
 * @param others what is ready in other processes
 * @throws {ListenError} when its port cannot be opened
 */
export async function startAdmin(
  { config, store, log }: Parts,
  place: ListenAddress,
  others: () => Readonly<Record<string, boolean>>,
): Promise<Stop> {
  const ready = async () => ({ ...(await readiness(config, store, log)), ...others() });
  const health = await startHealth({ listen: place, ready, log }).catch((error: Error) => {
    throw new ListenError(place, error);
  });
  return () => health.close();
}

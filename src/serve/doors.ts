import { isDeadHere, workerOwner } from "../copy/owner.ts";
import { createLogin } from "../login/login.ts";
import { watchTargetOffers } from "../login/target-offers.ts";
import { causeChain } from "../model/failure.ts";
import { listen } from "../net/listen.ts";
import { openProvisioner } from "../provision/open.ts";
import type { SessionRegistry } from "../session/registry.ts";
import { type SessionDeps, serveSession } from "../session/session.ts";
import type { Parts } from "./parts.ts";
import { serverTlsOf } from "./reload.ts";
import type { Stop, Surroundings } from "./surroundings.ts";

/** How long a client may still log in at a process that has been replaced: those who connected in its last moment were not to know. */
const HANDED_OVER_LOGIN_MS = 10_000;

/**
 * Opens the listeners. What it gives closes them and drains the sessions.
 * @param onEnqueued a login has put a copy job into the queue
 * @throws {ListenError} when one of them cannot be opened; none is open then
 */
export async function openDoors(
  parts: Parts,
  registry: SessionRegistry,
  around: Pick<Surroundings, "isHandedOver">,
  onEnqueued: () => void,
): Promise<Stop> {
  const { config, log, vault, live } = parts;
  live.serverTls = serverTlsOf(config, vault);
  const protocols = config.listeners.map(({ protocol }) => protocol);
  const offers = watchTargetOffers({ ...parts, protocols, hostname: config.hostname });
  const login = createLogin({
    ...parts,
    provisioner: openProvisioner(config.target.provision, log),
    owner: workerOwner(),
    isDead: isDeadHere,
    get throttle() {
      return live.throttle;
    },
    onEnqueued,
    noteOffers: (protocol, offered) => offers.note(protocol, offered),
  });
  const deps: SessionDeps = {
    login,
    log,
    hostname: config.hostname,
    instance: parts.instance,
    offers: (protocol) => offers.of(protocol),
    registry,
    get serverTls() {
      return live.serverTls;
    },
  };
  const doors: Stop[] = [];
  const stop = async () => {
    for (const close of doors) await close();
    const preLoginMs = around.isHandedOver() ? Math.min(HANDED_OVER_LOGIN_MS, config.drainMs) : 0;
    await registry.drain(config.drainMs, preLoginMs);
    await offers.stop();
  };
  try {
    for (const listener of config.listeners) {
      const accept = (socket: Parameters<typeof serveSession>[1]) =>
        void serveSession(deps, socket, listener);
      const refuse = (error: Error) =>
        log.error(
          { event: "listener.error", causes: causeChain(error) },
          "a connection could not be accepted",
        );
      const door = await listen(listener.listen, accept, refuse);
      doors.push(() => door.close());
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

import type { Config } from "../config/config.ts";
import { endpointName } from "../model/endpoint.ts";
import { connectLocal, LocalSocketError } from "../net/local-socket.ts";
import { takenAt } from "../net/port-taken.ts";
import { controlPath } from "../process/control.ts";
import type { Report } from "./finding.ts";

/**
 * Whether another program has a port that imbarco is to listen on, such as a mail server that has kept its public ones. Says nothing while `serve` runs with this
 * configuration: it has them then.
 */
export async function checkPorts(config: Config, report: Report): Promise<void> {
  if (await isServed(config.dataDir)) return;
  const wanted = config.roles.includes("proxy") ? config.listeners : [];
  for (const { listen, protocol } of wanted) {
    const address = listen.port === 0 ? null : await takenAt(listen.host, listen.port);
    if (address !== null)
      report.fail(
        endpointName(listen),
        `another program listens at ${address}:${listen.port}, where imbarco is to speak ${protocol}: move it to a port of its own, or choose another one here`,
      );
  }
}

/** One that may not be asked counts too: it belongs to another user, and has the ports all the same. */
async function isServed(dataDir: string): Promise<boolean> {
  try {
    (await connectLocal(controlPath(dataDir))).destroy();
    return true;
  } catch (error) {
    return !(error instanceof LocalSocketError && error.kind === "absent");
  }
}

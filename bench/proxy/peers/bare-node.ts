import { join } from "node:path";
import { freePort } from "../../../test/kit/free-port.ts";
import { greets } from "../../../test/kit/greeting.ts";
import type { Contestant } from "../contestants.ts";
import { startServer } from "../processes.ts";

const SERVER = join(import.meta.dirname, "../bare-node.ts");

/** The least that a login proxy on Node can be: the floor that imbarco stands on, and no product. */
export const bareNode: Contestant = {
  name: "bare Node",
  absence: () => null,
  start: async ({ folder, stubPort, certificates: { certFile, keyFile } }) => {
    const [plain, tls] = [await freePort(), await freePort()];
    const command = [
      process.execPath,
      SERVER,
      `${plain}`,
      `${tls}`,
      `${stubPort}`,
      certFile,
      keyFile,
    ] as const;
    const server = await startServer([...command], folder, () => greets(plain));
    return {
      pid: server.pid,
      plain: { port: plain, tls: false },
      tls: { port: tls, tls: true },
      stop: server.stop,
    };
  },
};

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A load balancer: a TCP relay that says something before its client does. */
export interface HeaderRelay {
  readonly port: number;
  /** Connections that were taken so far. */
  readonly taken: number;
  stop(): Promise<void>;
}

/** Relays connections to `to` on loopback, `header` before everything else; both may be chosen later. */
export async function startHeaderRelay(to: {
  port: number;
  header?: Buffer | string;
  /** Own address to connect from; default 127.0.0.1. */
  from?: string;
}): Promise<HeaderRelay> {
  const sockets = new Set<Socket>();
  let taken = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    taken += 1;
    const upstream = connect({ port: to.port, host: "127.0.0.1", localAddress: to.from ?? "127.0.0.1" });
    const end = () => {
      for (const socket of [client, upstream]) socket.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end).on("close", end);
    }
    if (to.header !== undefined) upstream.write(to.header);
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get taken() {
      return taken;
    },
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

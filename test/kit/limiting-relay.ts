import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A server in front of another one that takes a few connections only, as old mail servers do. */
export interface LimitingRelay {
  readonly port: number;
  /** Connections at the moment, and the most there were at once. */
  readonly open: number;
  readonly most: number;
  /** Connections that were turned away. */
  readonly refused: number;
  /** How many it takes from now on. */
  limit: number;
  /** What those hear who are too many. */
  words: string;
  /** Lets nobody in and ends what is open, as a firewall does; then again as before. */
  ban(): Promise<void>;
  unban(): Promise<void>;
  stop(): Promise<void>;
}

/** Relays plain connections to `to` on loopback, which may get its port later. */
export async function startLimitingRelay(to: { port: number }, limit: number): Promise<LimitingRelay> {
  const sockets = new Set<Socket>();
  const state = { open: 0, most: 0, refused: 0 };
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    if (state.open >= relay.limit) {
      state.refused += 1;
      client.end(`* BYE ${relay.words}\r\n`);
      return;
    }
    state.open += 1;
    state.most = Math.max(state.most, state.open);
    const upstream = connect(to.port, "127.0.0.1");
    for (const socket of [client, upstream]) sockets.add(socket);
    const end = () => {
      for (const socket of [client, upstream]) socket.destroy();
    };
    upstream.on("error", end).on("close", end);
    client.on("close", () => {
      state.open -= 1;
      end();
    });
    client.pipe(upstream);
    upstream.pipe(client);
  });
  let port = 0;
  const close = async () => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  };
  const open = async () => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  };
  const relay: LimitingRelay = {
    get port() {
      return port;
    },
    get open() {
      return state.open;
    },
    get most() {
      return state.most;
    },
    get refused() {
      return state.refused;
    },
    limit,
    words: "[LIMIT] Too many connections from your address",
    ban: close,
    unban: open,
    stop: close,
  };
  await open();
  return relay;
}

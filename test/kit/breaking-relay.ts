import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** What a test sees of one connection through the relay, and may do to it. */
export interface RelayedConnection {
  /** Octets so far. */
  fromServer: number;
  fromClient: number;
  /** Ends both sides; default by a reset. */
  break(how?: "reset" | "close"): void;
}

/** Passes octets on between a client and a server on loopback, until it is told to break a connection. */
export interface BreakingRelay {
  readonly port: number;
  /** Connections that were opened so far. */
  readonly opened: number;
  stop(): Promise<void>;
}

/** Sees every piece before it is passed on: it may break the connection, or give another piece in its place. */
export type OnPiece = (
  connection: RelayedConnection,
  piece: Buffer,
  from: "client" | "server",
) => Buffer | undefined;

/** Relays to `to`, which may get its port later. */
export async function startBreakingRelay(
  to: { readonly host: string; readonly port: number },
  onPiece: OnPiece,
): Promise<BreakingRelay> {
  const sockets = new Set<Socket>();
  let opened = 0;
  const server = createServer((client) => {
    opened += 1;
    const upstream = connect(to.port, to.host);
    const connection: RelayedConnection = {
      fromServer: 0,
      fromClient: 0,
      break: (how = "reset") => {
        for (const socket of [client, upstream])
          if (how === "reset") socket.resetAndDestroy();
          else socket.destroy();
      },
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Either side may go away at any time; the other follows.
      socket.on("error", () => connection.break()).on("close", () => connection.break());
    }
    client.on("data", (piece) => {
      connection.fromClient += piece.length;
      const passed = onPiece(connection, piece, "client") ?? piece;
      if (!upstream.destroyed) upstream.write(passed);
    });
    upstream.on("data", (piece) => {
      connection.fromServer += piece.length;
      const passed = onPiece(connection, piece, "server") ?? piece;
      if (!client.destroyed) client.write(passed);
    });
  });
  const port = await listenOnFreePort(server);
  return {
    port,
    get opened() {
      return opened;
    },
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

async function listenOnFreePort(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the relay has no port");
  return address.port;
}

import net from "node:net";
import { endpointName } from "../model/endpoint.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

/** An open port. */
export interface Listening {
  readonly address: string;
  readonly port: number;
  /** Stops accepting; connections that stand go on. */
  close(): Promise<void>;
}

/** Connections that the kernel may hold until we accept them: a burst after a network fault is larger than Node's 511. */
const BACKLOG = 4_096;
/** Silence after which TCP asks whether the client still lives, so that a lost phone does not hold its session for ever. */
const KEEP_ALIVE_MS = 120_000;

/**
 * Most that Node takes in of a client that we do not read, beyond its last read: single octets wait there as a piece each, at a hundred times their size. It bounds
 * what waits to be written as well, after which `write` says false; a relay may write more.
 */
export const READ_AHEAD_OCTETS = 1024;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has that port; stop it, or choose another port",
  EACCES: "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host name",
};

/** A port cannot be opened. The message has the address, the reason and what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor(options: ListenOptions, cause: NodeJS.ErrnoException) {
    super(`cannot listen on ${endpointName(options)}: ${REASONS[cause.code ?? ""] ?? cause.message}`, {
      cause,
    });
  }
}

/**
 * Opens a port. Each connection arrives paused, so that nothing is lost until somebody reads; it may be closed half,
 * and sends at once (Nagle's delay against delayed acknowledgements costs 40 ms a login).
 * @param onConnection never throws and never rejects
 * @param onError hears of connections that could not be accepted, such as when the process has no file descriptor left
 * @throws {ListenError} when the port cannot be opened
 */
export async function listen(
  options: ListenOptions,
  onConnection: (socket: net.Socket) => void,
  onError: (error: Error) => void,
): Promise<Listening> {
  const server = net.createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    highWaterMark: READ_AHEAD_OCTETS,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.on("connection", onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ListenError(options, error)));
    server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", onError);
  const bound = server.address() as net.AddressInfo;
  return {
    address: bound.address,
    port: bound.port,
    close: () => closeServer(server),
  };
}

/** Resolves once nothing is accepted any more; it does not wait for connections that stand. */
async function closeServer(server: net.Server): Promise<void> {
  server.close();
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

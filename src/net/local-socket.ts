import { unlink } from "node:fs/promises";
import net from "node:net";
import { dirname } from "node:path";
import { isDenied, ownUser } from "../kit/own-user.ts";

/** Longest path that Linux (108 octets with its end) and the BSDs (104) take for a socket. */
const LONGEST_PATH = 103;

/** A socket of this machine cannot be opened or reached: `taken` = a living program has it, `absent` = nobody listens there. */
export class LocalSocketError extends Error {
  override readonly name = "LocalSocketError";
  readonly kind: "taken" | "absent" | "other";

  constructor(kind: LocalSocketError["kind"], message: string, cause: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/**
 * Listens on a path that only this user may connect to (0600). What a program that was killed has left there is replaced.
 * @param onConnection never throws
 * @param mostConnections at once; more are closed
 * @returns how to stop: nothing is accepted any more, and the path is gone
 * @throws {LocalSocketError} when it cannot be listened on
 */
export async function listenLocal(
  path: string,
  onConnection: (socket: net.Socket) => void,
  mostConnections: number,
): Promise<() => Promise<void>> {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new LocalSocketError("other", `the path ${path} is too long for a socket`, null);
  try {
    return await listenThere(path, onConnection, mostConnections);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw listenFailure(path, error);
  }
  await refuseTaken(path);
  try {
    await unlink(path);
    return await listenThere(path, onConnection, mostConnections);
  } catch (error) {
    throw listenFailure(path, error);
  }
}

/**
 * Connects to a path.
 * @throws {LocalSocketError} when nobody listens there, or it may not be connected to
 */
export async function connectLocal(path: string): Promise<net.Socket> {
  const socket = net.connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
  } catch (error) {
    socket.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    const isAbsent = code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTDIR";
    if (isDenied(error))
      throw new LocalSocketError(
        "other",
        `${path} may not be used by the user ${ownUser()}: it belongs to the user that runs imbarco serve`,
        error,
      );
    throw new LocalSocketError(isAbsent ? "absent" : "other", `${path} cannot be reached: ${message}`, error);
  }
  return socket;
}

async function listenThere(
  path: string,
  onConnection: (socket: net.Socket) => void,
  mostConnections: number,
): Promise<() => Promise<void>> {
  const server = net.createServer(onConnection);
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The path is made before listen() returns, so that nobody sees it with another mode.
    const mask = process.umask(0o177);
    try {
      server.listen({ path }, resolve);
    } finally {
      process.umask(mask);
    }
  });
  server.removeAllListeners("error");
  // A connection that could not be accepted is gone; whoever asked tries again.
  server.on("error", () => undefined);
  return () =>
    new Promise((resolve) => {
      server.close();
      setImmediate(resolve);
    });
}

/** Where nobody may connect, nobody can tell what was left there from what is at work. */
async function refuseTaken(path: string): Promise<void> {
  try {
    (await connectLocal(path)).destroy();
  } catch (error) {
    if (error instanceof LocalSocketError && error.kind === "absent") return;
    const isForeign = isDenied((error as Error).cause);
    throw isForeign
      ? new LocalSocketError(
          "other",
          `cannot listen on ${path}: a socket of another user is there. Where no imbarco runs as that user, remove it and start again`,
          error,
        )
      : new LocalSocketError("taken", `another program listens on ${path}`, error);
  }
  throw new LocalSocketError("taken", `another program listens on ${path}`, null);
}

function listenFailure(path: string, error: unknown): LocalSocketError {
  if (isDenied(error))
    return new LocalSocketError(
      "other",
      `cannot listen on ${path}: the user ${ownUser()} may not write in ${dirname(path)}; give that folder to the user that runs imbarco (chown)`,
      error,
    );
  return new LocalSocketError("other", `cannot listen on ${path}: ${(error as Error).message}`, error);
}

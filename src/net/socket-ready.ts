import type net from "node:net";
import { ConnectError, connectError } from "./connect-error.ts";

export interface ReadyWait {
  /** What happens meanwhile, for the error. */
  readonly what: string;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a socket stands (`connect`) or its TLS does (`secureConnect`, `secure`). On failure the socket is destroyed.
 * @throws {ConnectError}; the signal's reason when it aborts
 */
export function socketReady(
  socket: net.Socket,
  event: "connect" | "secureConnect" | "secure",
  peer: { readonly host: string; readonly port: number },
  wait: ReadyWait,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      wait.signal?.removeEventListener("abort", onAbort);
      socket.removeListener(event, onReady);
      socket.removeListener("close", onClose);
      socket.removeListener("end", onClose);
      socket.removeListener("error", onError);
    };
    const fail = (error: Error) => {
      stop();
      // A destroyed socket may still report errors; without a listener that would end the process.
      socket.on("error", ignoreLateError);
      socket.destroy();
      reject(error);
    };
    const onReady = () => {
      stop();
      resolve();
    };
    const onError = (error: Error) => fail(connectError(peer, error));
    const onClose = () =>
      fail(new ConnectError("network", `${wait.what} failed: the other side closed the connection`));
    const onAbort = () => fail(wait.signal?.reason as Error);
    const timer = setTimeout(
      () => fail(new ConnectError("timeout", `${wait.what} took longer than ${wait.limitMs} ms`)),
      wait.limitMs,
    );
    if (wait.signal?.aborted) {
      onAbort();
      return;
    }
    wait.signal?.addEventListener("abort", onAbort, { once: true });
    socket.once(event, onReady);
    socket.once("error", onError);
    socket.once("close", onClose);
    // A client that ends its side before its hello goes on with no handshake; of a server's end Node makes an error itself.
    if (event === "secure") socket.once("end", onClose);
  });
}

function ignoreLateError(): void {
  // The failure that counts has been reported.
}

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "../config/config.ts";
import { withDeadline } from "../kit/deadline.ts";
import { SingleFlight } from "../kit/single-flight.ts";
import type { Log } from "../log/log.ts";

/** What this process needs, by name (`store`, `target`), and whether each can be used now. */
export type Readiness = Readonly<Record<string, boolean>>;

export interface HealthDeps {
  readonly listen: ListenAddress;
  /** Tries what the process needs. It may take its time: it is bounded and asked once at a time. */
  readonly ready: () => Promise<Readiness>;
  readonly log: Log;
}

export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

/** A load balancer asks every few seconds; a request and its answer are a few hundred octets. */
const LIMITS = { readyMs: 5_000, requestMs: 5_000, headerBytes: 8_192, connections: 64 };

/**
 * Serves `/healthz` (the process is alive) and `/readyz` (200 when everything it needs can be used, else 503; which part
 * fails is in the JSON answer).
 * @throws the system's error when the address cannot be listened on
 */
export async function startHealth(deps: HealthDeps): Promise<Health> {
  const flight = new SingleFlight<Readiness>();
  const server = createServer(
    { maxHeaderSize: LIMITS.headerBytes, requestTimeout: LIMITS.requestMs, headersTimeout: LIMITS.requestMs },
    (request, response) => {
      answer(request, response, () =>
        flight.run("ready", () => withDeadline(deps.ready(), "readiness", LIMITS.readyMs)),
      ).catch((error: unknown) => {
        deps.log.warn(
          { event: "listener.error", reason: (error as Error).message },
          "a health request could not be answered",
        );
        response.destroy();
      });
    },
  );
  server.maxConnections = LIMITS.connections;
  server.keepAliveTimeout = LIMITS.requestMs;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: deps.listen.host, port: deps.listen.port }, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", (error) =>
    deps.log.error({ event: "listener.error", reason: error.message }, "the admin listener failed"),
  );
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ready: () => Promise<Readiness>,
): Promise<void> {
  // A body is not wanted, and not read.
  request.resume();
  if (request.method !== "GET" && request.method !== "HEAD")
    return send(response, 405, { error: "only GET and HEAD" });
  switch (request.url?.split("?")[0]) {
    case "/healthz":
      return send(response, 200, { alive: true });
    case "/readyz": {
      const parts = await ready().catch(() => ({ answered: false }));
      const isReady = Object.values(parts).every(Boolean);
      return send(response, isReady ? 200 : 503, { ready: isReady, parts });
    }
    default:
      return send(response, 404, { error: "there are /healthz and /readyz" });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

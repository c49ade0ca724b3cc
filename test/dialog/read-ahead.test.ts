import net from "node:net";
import tls from "node:tls";
import { afterEach, expect, test } from "vitest";
import { ClientStream } from "../../src/net/client-stream.ts";
import { type Listening, listen, READ_AHEAD_OCTETS } from "../../src/net/listen.ts";
import { acceptTls } from "../../src/net/starttls.ts";
import { LIMITS } from "../../src/wire/limits.ts";
import { serverTlsOf } from "../kit/server-tls.ts";
import { waitFor } from "../kit/wait-for.ts";
import { makeTlsPair } from "./stage.ts";

/** What one read of a socket brings at most (libuv). */
const ONE_READ = 65_536;
const FLOOD_OCTETS = 4_000_000;

let listening: Listening | null = null;
const sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listening?.close();
});

test.each(["in clear", "inside TLS"])("a client that nobody reads is taken little of, %s", async (way) => {
  const isClear = way === "in clear";
  const pair = await makeTlsPair();
  const accepted: net.Socket[] = [];
  const streams: ClientStream[] = [];
  const accept = async (socket: net.Socket) => {
    const ready = isClear
      ? socket
      : await acceptTls(socket, serverTlsOf(pair), "imap", { handshakeLimitMs: 10_000 });
    sockets.push(ready);
    streams.push(new ClientStream(ready, LIMITS));
    accepted.push(ready);
  };
  listening = await listen(
    { host: "127.0.0.1", port: 0 },
    (socket) => void accept(socket),
    ({ message }) => expect.unreachable(message),
  );
  const { port } = listening;
  const client = isClear
    ? net.connect(port, "127.0.0.1")
    : tls.connect({ port, host: "127.0.0.1", ca: pair.ca, rejectUnauthorized: false });
  sockets.push(client);
  client.on("error", () => client.destroy());
  client.write(Buffer.alloc(FLOOD_OCTETS, "x"));
  await waitFor(() => (accepted[0]?.readableLength ?? 0) >= READ_AHEAD_OCTETS, "the flood to arrive");
  // The kernel holds the rest: nothing more is read however long the client waits.
  expect(accepted[0]?.readableHighWaterMark).toBe(READ_AHEAD_OCTETS);
  expect(accepted[0]?.readableLength).toBeLessThan(READ_AHEAD_OCTETS + ONE_READ);
});

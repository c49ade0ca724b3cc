import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { duplexPair } from "node:stream";
import { text } from "node:stream/consumers";
import { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { dial } from "../../src/net/dial.ts";
import { splice } from "../../src/relay/splice.ts";
import { BEFORE_LOGIN } from "../../src/upstream/limits.ts";
import { LineConnection } from "../../src/upstream/line-connection.ts";
import { makeTlsPair } from "./stage.ts";

/** Several records of TLS, and no more than one read from the network. */
const MUCH = "x".repeat(48 * 1024);

test("a client that had ended before its login was answered gets all that a target sends behind the answer inside TLS", async () => {
  const tls = await makeTlsPair();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const secured = new TLSSocket(socket, { isServer: true, cert: tls.cert, key: tls.key });
    secured.on("secure", () => secured.end(`+OK Logged in\r\n${MUCH}`));
    secured.resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const endpoint = { host: "127.0.0.1", port, tls: "implicit", ca: tls.ca, verify: true } as const;
  const socket = await dial(endpoint, { connectLimitMs: 10_000, protocol: "pop3", forRelay: true });
  const [client, clientSide] = duplexPair();
  client.end();
  clientSide.resume();
  await once(clientSide, "end");

  const connection = new LineConnection({ socket, side: "target", endpoint, limits: BEFORE_LOGIN });
  await connection.readLine("the answer to the login");
  const { leftover } = connection.detach();
  const relay = splice({ socket: clientSide, unread: Buffer.alloc(0) }, { socket, unread: leftover });

  expect((await text(client)).length).toBe(MUCH.length);
  expect(await relay.done).toMatchObject({ toClient: MUCH.length });
});

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dial } from "../../src/net/dial.ts";
import { inPlaceOf } from "../../src/net/target-socket.ts";
import { handOver } from "../../src/relay/hand-over.ts";
import type { Relay } from "../../src/relay/splice.ts";
import { type Certificates, makeCertificates } from "../kit/certs.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const NOTHING = Buffer.alloc(0);
const GREETING = "* OK relayed\r\n";
/** More than all buffers of the kernel and of Node together, so that both sides must wait for each other. */
const OCTETS = 24 * 1024 * 1024;

interface Joined {
  readonly client: net.Socket;
  readonly target: net.Socket;
  readonly relay: Relay;
}

describe("a relay over real connections", () => {
  let folder: string;
  let certificates: Certificates;
  let relays: net.Server;
  let targets: net.Server;
  const open = new Set<net.Socket>();

  beforeAll(async () => {
    folder = await makeTempFolder("relay");
    certificates = await makeCertificates(folder);
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    relays = net.createServer(options).listen(0, "127.0.0.1");
    targets = net.createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await Promise.all([once(relays, "listening"), once(targets, "listening")]);
  });

  afterAll(async () => {
    for (const socket of open) socket.destroy();
    relays?.close();
    targets?.close();
    await removeTempFolder(folder);
  });

  const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port;

  /** A client joined to a target as a session joins them, with TLS on either side or without. */
  async function joined(isSecure: boolean, isTargetSecure = false): Promise<Joined> {
    const accepted = once(relays, "connection") as Promise<[net.Socket]>;
    const answered = once(targets, "connection") as Promise<[net.Socket]>;
    const near = net.connect({ port: portOf(relays), host: "127.0.0.1", allowHalfOpen: true });
    const [clientSide] = await accepted;
    const endpoint = {
      host: "127.0.0.1",
      port: portOf(targets),
      tls: "none",
      ca: null,
      verify: true,
    } as const;
    const dialled = await dial(endpoint, { connectLimitMs: 10_000, forRelay: !isTargetSecure });
    const [answering] = await answered;
    const [targetSide, target] = isTargetSecure ? await secure(dialled, answering) : [dialled, answering];
    // As a login leaves it: something was read, and some of what came behind it was not.
    target.write("first ");
    await once(targetSide, "data");
    targetSide.pause();
    target.write("second ");
    await sleep(20);
    const [client, secured] = isSecure ? await secure(near, clientSide) : [near, clientSide];
    secured.pause();
    const relay = handOver(
      { socket: secured, unread: NOTHING },
      { socket: targetSide, unread: NOTHING, inPlace: inPlaceOf(targetSide) },
      GREETING,
    );
    for (const socket of [client, target, secured, targetSide]) open.add(socket);
    return { client, target, relay };
  }

  async function secure(near: net.Socket, far: net.Socket): Promise<[net.Socket, net.Socket]> {
    const { certFile, keyFile, ca } = certificates;
    const secureContext = tls.createSecureContext({
      cert: await readFile(certFile),
      key: await readFile(keyFile),
    });
    const secured = new tls.TLSSocket(far, { isServer: true, secureContext });
    const client = tls.connect({ socket: near, servername: "localhost", ca });
    await Promise.all([once(secured, "secure"), once(client, "secureConnect")]);
    return [client, secured];
  }

  /** Sends random octets and ends; returns their digest. */
  async function send(socket: net.Socket, octets: number): Promise<string> {
    const hash = createHash("sha256");
    for (let left = octets; left > 0; ) {
      // Pieces of every size, from a line of text to more than the largest buffer.
      const piece = randomBytes(Math.min(left, [17, 900, 1024, 5_000, 64 * 1024, 200_000][left % 6] ?? 1));
      left -= piece.length;
      hash.update(piece);
      if (!socket.write(piece)) await once(socket, "drain");
    }
    socket.end();
    return hash.digest("hex");
  }

  /** Reads to the end: at full speed, or with pauses in which everything behind has to stand still. */
  async function receive(socket: net.Socket, before: string, isSlow: boolean): Promise<string> {
    const hash = createHash("sha256");
    let head = "";
    let pieces = 0;
    // What was read to its end may still be written to.
    const piecesOf = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const piece of piecesOf) {
      const missing = before.length - head.length;
      head += piece.toString("latin1", 0, Math.min(missing, piece.length));
      if (piece.length > missing) hash.update(piece.subarray(Math.max(0, missing)));
      pieces += 1;
      if (isSlow && pieces % 40 === 0) await sleep(5);
    }
    expect(head).toBe(before);
    return hash.digest("hex");
  }

  it.each([
    ["in clear, to a quick client", false, false, false],
    ["in clear, to a slow client", false, false, true],
    ["over TLS, to a quick client", true, false, false],
    ["over TLS, to a slow client", true, false, true],
    ["from a target inside TLS, to a quick client", false, true, false],
    ["with TLS on both sides, to a slow client", true, true, true],
  ])("changes no octet both ways at once: %s", async (_what, isSecure, isTargetSecure, isSlow) => {
    const { client, target, relay } = await joined(isSecure, isTargetSecure);
    const [down, up, atClient, atTarget] = await Promise.all([
      send(target, OCTETS),
      send(client, OCTETS),
      receive(client, `${GREETING}second `, isSlow),
      receive(target, "", isSlow),
    ]);
    expect(atClient).toBe(down);
    expect(atTarget).toBe(up);
    const result = await relay.done;
    expect(result).toMatchObject({ toTarget: OCTETS, toClient: OCTETS + "second ".length });
    expect(relay.counts()).toEqual({ toTarget: result.toTarget, toClient: result.toClient });
  });

  it("keeps sessions apart whose buffers are used in turn", async () => {
    const sessions: Joined[] = [];
    for (let index = 0; index < 12; index += 1) sessions.push(await joined(index % 3 === 0));
    await Promise.all(
      sessions.map(async ({ client, target }, index) => {
        const [sent, heard] = await Promise.all([
          send(target, 2 * 1024 * 1024),
          receive(client, `${GREETING}second `, index % 2 === 0),
        ]);
        expect(heard).toBe(sent);
        client.end();
      }),
    );
    await Promise.all(sessions.map(({ relay }) => relay.done));
  });

  it("reads no more from the target than a client takes that has stopped reading", async () => {
    const { client, target, relay } = await joined(false);
    target.on("error", () => target.destroy());
    const flood = Buffer.alloc(256 * 1024, "x");
    while (target.writableLength < 8 * flood.length) {
      target.write(flood);
      await sleep(2);
    }
    const passed = relay.counts().toClient;
    await sleep(50);
    expect(relay.counts().toClient).toBe(passed);
    client.destroy();
    expect((await relay.done).endedBy).toBe("client");
  });
});

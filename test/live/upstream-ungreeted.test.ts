import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/log/log.ts";
import type { TlsMode } from "../../src/model/endpoint.ts";
import { Failure } from "../../src/model/failure.ts";
import { openImap } from "../../src/upstream/open.ts";
import { isUngreeted } from "../../src/upstream/ungreeted.ts";

/** How opening fails against a server that does this with each connection. */
async function failureOf(tls: TlsMode, treat: (socket: Socket) => void): Promise<Failure> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()).resume();
    treat(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const endpoint = { host: "127.0.0.1", port, tls, ca: null, verify: true };
    const failure = await openImap({ log: silentLog() }, "source", endpoint).catch((error: unknown) => error);
    if (!(failure instanceof Failure)) throw new Error("it was let in, or failed otherwise");
    return failure;
  } finally {
    server.close();
    await once(server, "close");
  }
}

const ends: Readonly<Record<string, (socket: Socket) => void>> = {
  ends: (socket) => socket.end(),
  resets: (socket) => socket.resetAndDestroy(),
};

describe("a server that takes a connection and gives no word", () => {
  for (const tls of ["none", "starttls", "implicit"] as const)
    for (const [how, treat] of Object.entries(ends))
      it(`is known as such where it ${how} it, TLS ${tls}`, async () => {
        const failure = await failureOf(tls, treat);
        expect(failure.kind).toBe("source-unreachable");
        expect(isUngreeted(failure)).toBe(true);
      });

  it("is another than one that has greeted", async () => {
    const failure = await failureOf("none", (socket) => socket.end("* BYE not today\r\n"));
    expect(failure.kind).toBe("source-unreachable");
    expect(isUngreeted(failure)).toBe(false);
  });
});

import type { Duplex } from "node:stream";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { deflateStream } from "../../../../../src/net/deflate-stream.ts";
import { compressed, shouldCompress } from "../../../../../src/upstream/imap/commands/compress.ts";
import { noop } from "../../../../../src/upstream/imap/commands/noop.ts";
import { roundTripMs } from "../../../../../src/upstream/imap/connection/round-trip.ts";
import { run } from "../../../../../src/upstream/imap/connection/run.ts";
import { scriptedConnection } from "../../scripted-connection.ts";

const OFFERED = "IMAP4REV1 COMPRESS=DEFLATE IDLE";

async function lineFrom(stream: Duplex): Promise<string> {
  let text = "";
  while (!text.endsWith("\r\n")) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await new Promise((resolve) => stream.once("readable", resolve));
    else text += chunk.toString("latin1");
  }
  return text;
}

describe("compressing a connection", () => {
  test("goes on over DEFLATE with all that was known, from the octet behind the answer", async () => {
    const { connection, line, say, server } = scriptedConnection(OFFERED);
    connection.addEnabled(["QRESYNC"]);
    const upgraded = compressed(connection);
    expect(await line()).toBe("COMPRESS DEFLATE");
    say("% OK DEFLATE active");
    const over = await upgraded;
    expect(over).not.toBe(connection);
    expect([...over.capabilities]).toEqual(["IMAP4REV1", "IDLE"]);
    expect(over.enabled.has("QRESYNC")).toBe(true);
    expect(over.limits).toBe(connection.limits);
    const peer = deflateStream(server, Buffer.alloc(0));
    const done = noop(over);
    const [tag, command] = (await lineFrom(peer)).split(" ");
    expect(command).toBe("NOOP\r\n");
    peer.write(`* OK Still here\r\n${tag} OK\r\n`);
    await done;
    expect(() => over.detach()).toThrow("cannot be given away");
    over.close();
    await over.closed;
  });

  test("reads what came compressed in one piece with the answer", async () => {
    const { connection, line, say, server } = scriptedConnection(OFFERED);
    const upgraded = compressed(connection);
    await line();
    // Corked, so that both arrive in one piece.
    server.cork();
    say("% OK");
    server.write(deflateRawSync("* 7 EXISTS\r\n", { finishFlush: constants.Z_SYNC_FLUSH }));
    server.uncork();
    const over = await upgraded;
    const heard: (number | null)[] = [];
    const done = over.send(
      { name: "NOOP", pieces: ["NOOP"] },
      { untagged: (response) => response.kind === "data" && heard.push(response.number) > 0 },
    ).done;
    server.end();
    await expect(done).rejects.toMatchObject({ kind: "source-unreachable" });
    expect(heard).toEqual([7]);
  });

  test("stays as it is where the server does not offer it, or will not", async () => {
    const plain = scriptedConnection();
    expect(await compressed(plain.connection)).toBe(plain.connection);
    const { connection, line, say } = scriptedConnection(OFFERED);
    const refused = compressed(connection);
    await line();
    say("% NO [COMPRESSIONACTIVE] TLS does it already");
    expect(await refused).toBe(connection);
    const done = noop(connection);
    await line();
    say("% OK");
    await done;
  });

  test("that the server gets wrong is a fault of the protocol", async () => {
    const { connection, line, say } = scriptedConnection(OFFERED);
    const upgraded = compressed(connection);
    await line();
    say("% OK", "* OK in clear");
    const over = await upgraded;
    const done = run(over, { name: "NOOP", pieces: ["NOOP"] });
    await expect(done).rejects.toMatchObject({ kind: "source-protocol" });
    await expect(done).rejects.toThrow("decompressed");
  });

  test("that is lost afterwards says so", async () => {
    const { connection, line, say, server } = scriptedConnection(OFFERED);
    const upgraded = compressed(connection);
    await line();
    say("% OK");
    const over = await upgraded;
    const done = noop(over);
    server.end();
    await expect(done).rejects.toMatchObject({ kind: "source-unreachable" });
  });
});

test("pays toward a server that is far away, or where somebody wants it", () => {
  expect(shouldCompress({ mode: "auto", roundTripMs: 0.3 })).toBe(false);
  expect(shouldCompress({ mode: "auto", roundTripMs: 20 })).toBe(true);
  expect(shouldCompress({ mode: "auto", roundTripMs: 20, octetsPerSecond: 50_000_000 })).toBe(false);
  expect(shouldCompress({ mode: "auto", roundTripMs: 20, octetsPerSecond: 1_000_000 })).toBe(true);
  expect(shouldCompress({ mode: "always", roundTripMs: 0.3 })).toBe(true);
  expect(shouldCompress({ mode: "never", roundTripMs: 200 })).toBe(false);
});

test("a round trip is the middle of a few answers", async () => {
  const { connection, line, say } = scriptedConnection();
  const measured = roundTripMs(connection);
  for (let i = 0; i < 5; i += 1) {
    expect(await line()).toBe("NOOP");
    say("% OK");
  }
  expect(await measured).toBeGreaterThan(0);
});

import { randomBytes } from "node:crypto";
import { type Duplex, duplexPair } from "node:stream";
import { promisify } from "node:util";
import { constants, createDeflateRaw, deflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { DeflateError, deflateStream } from "../../../src/net/deflate-stream.ts";

const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };

function pair(): { stream: Duplex; wire: Duplex; server: Duplex } {
  const [wire, server] = duplexPair();
  return { stream: deflateStream(wire, Buffer.alloc(0)), wire, server };
}

/** Reads until it has so many octets. */
async function take(stream: Duplex, octets: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let left = octets; left > 0; ) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await new Promise((resolve) => stream.once("readable", resolve));
    else {
      chunks.push(chunk);
      left -= chunk.length;
    }
  }
  return Buffer.concat(chunks);
}

/** Waits until a value stands still although zlib's threads had their turn again and again. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let same = 0; same < 10; last = value()) {
    await promisify(deflateRaw)(Buffer.alloc(1));
    same = value() === last ? same + 1 : 0;
  }
  return last;
}

describe("a compressed stream", () => {
  test("says at once what was written, and gives what is said", async () => {
    const [a, b] = duplexPair();
    const [client, server] = [deflateStream(a, Buffer.alloc(0)), deflateStream(b, Buffer.alloc(0))];
    for (const text of ["a1 NOOP\r\n", "", "x".repeat(200_000), "+\r\n"]) {
      client.cork();
      client.write(text.slice(0, 3));
      client.write(text.slice(3));
      client.uncork();
      expect((await take(server, text.length)).toString()).toBe(text);
      server.write(text);
      expect((await take(client, text.length)).toString()).toBe(text);
    }
  });

  test("carries what cannot be compressed unharmed, in any pieces", async () => {
    const [a, b] = duplexPair();
    const [client, server] = [deflateStream(a, Buffer.alloc(0)), deflateStream(b, Buffer.alloc(0))];
    const octets = randomBytes(3_000_000);
    for (let at = 0; at < octets.length; at += 77_777) client.write(octets.subarray(at, at + 77_777));
    expect((await take(server, octets.length)).equals(octets)).toBe(true);
  });

  test("begins with what was read from the wire already", async () => {
    const [wire, server] = duplexPair();
    const said = deflateRawSync("* OK hello\r\n", SYNC);
    const stream = deflateStream(wire, said.subarray(0, 5));
    server.write(said.subarray(5));
    expect((await take(stream, 12)).toString()).toBe("* OK hello\r\n");
  });

  test("flushes once for what was written together", async () => {
    const { stream, server } = pair();
    const line = Buffer.from("a1 NOOP\r\n");
    stream.cork();
    for (let i = 0; i < 100; i += 1) stream.write(line);
    stream.uncork();
    const first = (await new Promise<void>((resolve) => server.once("readable", resolve)).then(() =>
      server.read(),
    )) as Buffer;
    expect(inflateRawSync(first, SYNC)).toHaveLength(900);
    expect(first.length).toBeLessThan(60);
  });

  test("makes the writer wait for a reader who is slow", async () => {
    const { stream, server } = pair();
    const octets = randomBytes(64 * 1024);
    let written = 0;
    const writing = (async () => {
      for (; written < 5_000_000; written += octets.length)
        if (!stream.write(octets)) await new Promise((resolve) => stream.once("drain", resolve));
    })();
    const waiting = await settled(() => written);
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThan(1_000_000);
    server.resume();
    await writing;
  });

  test("holds no more than a window of what grows a thousandfold", async () => {
    const { stream, server } = pair();
    const bomb = deflateRawSync(Buffer.alloc(20_000_000), SYNC);
    expect(bomb.length).toBeLessThan(100_000);
    server.write(bomb);
    await new Promise((resolve) => stream.once("readable", resolve));
    expect(await settled(() => stream.readableLength)).toBeLessThan(300_000);
    expect((await take(stream, 20_000_000)).every((octet) => octet === 0)).toBe(true);
  });

  test("ends with the last octet where the other side ends, in the middle or by the book", async () => {
    for (const flush of [constants.Z_SYNC_FLUSH, constants.Z_FINISH]) {
      const { stream, server } = pair();
      server.end(deflateRawSync("* BYE\r\n", { finishFlush: flush }));
      const heard: Buffer[] = [];
      for await (const chunk of stream) heard.push(chunk as Buffer);
      expect(Buffer.concat(heard).toString()).toBe("* BYE\r\n");
    }
  });

  test("says its last words when it ends", async () => {
    const { stream, server } = pair();
    stream.end("bye");
    const heard: Buffer[] = [];
    for await (const chunk of server) heard.push(chunk as Buffer);
    expect(inflateRawSync(Buffer.concat(heard)).toString()).toBe("bye");
  });

  test("fails by what is no DEFLATE, and by the wire's own fault", async () => {
    const broken = pair();
    const fault = new Promise<Error>((resolve) => broken.stream.once("error", resolve));
    broken.server.write("* OK in clear\r\n");
    broken.stream.resume();
    expect(await fault).toBeInstanceOf(DeflateError);
    expect(broken.wire.destroyed).toBe(true);
    const lost = pair();
    const reason = new Error("reset");
    const passedOn = new Promise<Error>((resolve) => lost.stream.once("error", resolve));
    lost.wire.destroy(reason);
    expect(await passedOn).toBe(reason);
  });

  test("takes the wire with it when it is destroyed, in the middle of everything", async () => {
    const { stream, wire, server } = pair();
    const flood = createDeflateRaw();
    flood.pipe(server);
    flood.write(randomBytes(500_000));
    stream.resume();
    stream.write(randomBytes(500_000));
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.destroy();
    await closed;
    expect(wire.destroyed).toBe(true);
  });
});

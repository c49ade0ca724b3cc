import { Duplex } from "node:stream";
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";

/** The other side sent what is no compressed stream, or one that is broken. */
export class DeflateError extends Error {
  override readonly name = "DeflateError";

  constructor(cause: Error) {
    super(`the compressed stream is broken: ${cause.message}`, { cause });
  }
}

/**
 * Octets of one step of zlib's, and of what waits between the steps: each is a job for another thread, and small ones would cost more than
 * the compression.
 */
const STEP_OCTETS = 64 * 1024;

/** RFC 4978 §4: 32 KB of history, which is all that DEFLATE knows. The quickest level: text shrinks to a third at any level. */
const DEFLATE = { level: 1, windowBits: 15, memLevel: 8, chunkSize: STEP_OCTETS } as const;

/** A stream that breaks off gives what came before, as a plain socket does. */
const INFLATE = { windowBits: 15, chunkSize: STEP_OCTETS, finishFlush: constants.Z_SYNC_FLUSH } as const;

/**
 * A stream whose octets travel over `wire` as raw DEFLATE (RFC 1951), each direction by itself. What is written goes out whole as soon as nothing
 * more waits to be written. Neither direction holds more than a few hundred kilobytes, however much the octets grow by decompression: who does not
 * read makes the other side wait. It owns `wire` from now on; destroying one ends the other.
 * @param leftover octets of the other side's that were read from `wire` already
 * @returns a stream that fails by {@link DeflateError} or by the error of `wire`
 */
export function deflateStream(wire: Duplex, leftover: Buffer): Duplex {
  const deflate = createDeflateRaw(DEFLATE);
  const inflate = createInflateRaw(INFLATE);
  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void inflate.resume(),
    write: (chunk: Buffer, _encoding, done) => compress(stream, deflate, [chunk], done),
    writev: (chunks, done) => {
      const octets = chunks.map(({ chunk }) => chunk as Buffer);
      compress(stream, deflate, octets, done);
    },
    final: (done) => {
      deflate.once("end", () => wire.end(done));
      deflate.end();
    },
    destroy: (error, done) => {
      deflate.destroy();
      inflate.destroy();
      wire.destroy();
      done(error);
    },
  });
  sendCompressed(deflate, wire, stream);
  receiveCompressed(inflate, wire, stream);
  if (leftover.length > 0) inflate.write(leftover);
  wire.resume();
  return stream;
}

/** Octets that are ours → DEFLATE, flushed where nothing more waits behind them. */
function compress(
  stream: Duplex,
  deflate: DeflateRaw,
  chunks: readonly Buffer[],
  done: (error?: Error | null) => void,
): void {
  const octets = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  deflate.write(octets, (error) => {
    const moreWaits = stream.writableLength > octets.length;
    if (error || moreWaits) done(error);
    else deflate.flush(constants.Z_SYNC_FLUSH, () => done());
  });
}

/** DEFLATE → wire, no faster than the wire takes it. */
function sendCompressed(deflate: DeflateRaw, wire: Duplex, stream: Duplex): void {
  deflate.on("data", (octets: Buffer) => {
    if (!wire.write(octets)) deflate.pause();
  });
  wire.on("drain", () => deflate.resume());
  deflate.on("error", (error) => stream.destroy(error));
}

/** Wire → what it said, no faster than it is read. */
function receiveCompressed(inflate: InflateRaw, wire: Duplex, stream: Duplex): void {
  inflate.on("data", (octets: Buffer) => {
    if (!stream.push(octets)) inflate.pause();
  });
  inflate.on("end", () => stream.push(null));
  inflate.on("error", (error) => stream.destroy(new DeflateError(error)));
  inflate.on("drain", () => wire.resume());
  wire.on("data", (octets: Buffer) => {
    if (!inflate.write(octets)) wire.pause();
  });
  wire.on("end", () => inflate.end());
  wire.on("error", (error) => stream.destroy(error));
  // What came before the end is still to be read; a wire that closes without an end has had an error, or is destroyed.
  wire.on("close", () => {
    if (!inflate.writableEnded && !inflate.destroyed) inflate.end();
  });
}

import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { ClientStream } from "../../../src/net/client-stream.ts";

const BOUNDS = { unreadOctets: 16_384, lingerMs: 1_000 };

function streamOver(): { source: PassThrough; stream: ClientStream } {
  const source = new PassThrough();
  return { source, stream: new ClientStream(source as unknown as Socket, BOUNDS) };
}

test("octets that drip in one by one are counted with what each piece costs, so that few of them wait", async () => {
  const { source, stream } = streamOver();
  let drops = 0;
  for (; !source.isPaused() && drops < BOUNDS.unreadOctets; drops += 1) source.emit("data", Buffer.from("x"));
  expect(drops).toBeLessThan(100);
  for (let at = 0; at < drops; at += 1) {
    const heard = await stream.read();
    expect(heard.kind === "octets" && heard.octets.toString()).toBe("x");
  }
  expect(source.isPaused()).toBe(false);
});

test("a large piece is handed out in small ones, none lost, and the rest goes to whoever takes the socket over", async () => {
  const { source, stream } = streamOver();
  const whole = Buffer.from(Array.from({ length: 60_000 }, (_, at) => at % 251));
  source.emit("data", Buffer.from(whole));
  expect(source.isPaused()).toBe(true);
  const heard: Buffer[] = [];
  for (let at = 0; at < 4; at += 1) {
    const next = await stream.read();
    if (next.kind !== "octets") throw new Error("octets should be waiting");
    expect(next.octets.length).toBeLessThanOrEqual(8_192);
    heard.push(next.octets);
  }
  expect(Buffer.concat([...heard, stream.detach().unread]).equals(whole)).toBe(true);
});

test("what nobody will read any more is overwritten: it may hold a password", async () => {
  const { source, stream } = streamOver();
  const pieces = ["b LOGIN mario secret\r\n", "c LOGIN mario secret\r\n"].map((text) => Buffer.from(text));
  source.emit("data", pieces[0]);
  const finished = stream.finish("* BYE\r\n");
  source.emit("data", pieces[1]);
  source.destroy();
  await finished;
  expect(pieces.every((piece) => piece.every((octet) => octet === 0))).toBe(true);
});

import { type Duplex, duplexPair } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import { type Relay, splice } from "../../../src/relay/splice.ts";

const NOTHING = Buffer.alloc(0);

interface Ends {
  readonly client: Duplex;
  readonly target: Duplex;
  readonly relay: Relay;
  readonly inner: readonly Duplex[];
}

/** A relay between two pairs of streams; a test holds the far ends. */
function joined(clientUnread = "", targetUnread = ""): Ends {
  const [client, clientSide] = duplexPair({ highWaterMark: 16 });
  const [target, targetSide] = duplexPair({ highWaterMark: 16 });
  for (const end of [client, target]) end.on("error", () => end.destroy());
  const relay = splice(
    { socket: clientSide, unread: Buffer.from(clientUnread) },
    { socket: targetSide, unread: Buffer.from(targetUnread) },
  );
  return { client, target, relay, inner: [clientSide, targetSide] };
}

const turn = () =>
  new Promise<void>((resolve) => {
    setImmediate(resolve);
  });

describe("a relay", () => {
  test("passes on what each side had sent before, first", async () => {
    const { client, target, relay } = joined("early ", "hello ");
    client.end("late");
    target.end("world");
    expect(await Promise.all([text(client), text(target)])).toEqual(["hello world", "early late"]);
    expect(await relay.done).toEqual({ toTarget: 10, toClient: 11, endedBy: "client" });
  });

  test("ends only the direction whose sender has ended", async () => {
    const { client, target, relay } = joined();
    client.end("a LOGOUT");
    expect(await text(target)).toBe("a LOGOUT");
    target.write("* BYE ");
    await turn();
    target.end("a OK");
    expect(await text(client)).toBe("* BYE a OK");
    await relay.done;
  });

  test("reads no more from one side than the other takes", async () => {
    const { client, target, relay } = joined();
    let taken = 0;
    for (; taken < 10_000 && client.writableLength < 16; taken += 1) {
      client.write("x");
      await turn();
    }
    // Some buffers of 16 octets each; without back-pressure all 10,000 would have gone.
    expect(taken).toBeLessThan(200);
    client.end();
    expect((await text(target)).length).toBe(taken);
    target.end();
    client.resume();
    expect((await relay.done).toTarget).toBe(taken);
  });

  test("lets the client fetch what the target had said before it broke off", async () => {
    const { client, target, relay, inner } = joined();
    target.write("* BYE gone");
    await turn();
    inner[1]?.destroy(new Error("ECONNRESET"));
    expect(await text(client)).toBe("* BYE gone");
    client.end();
    expect((await relay.done).endedBy).toBe("target");
  });

  test("does not wait for ever for a client whose target has ended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { client, target, relay } = joined();
    target.end("* BYE");
    expect(await text(client)).toBe("* BYE");
    target.resume();
    vi.advanceTimersByTime(60_000);
    expect((await relay.done).endedBy).toBe("target");
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test("keeps nothing waiting for a client that is gone before its target ends", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { target, relay, inner } = joined();
    inner[0]?.destroy();
    await turn();
    target.end();
    target.resume();
    await relay.done;
    await turn();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test("ends the target when the client breaks off", async () => {
    const { target, relay, inner } = joined();
    inner[0]?.destroy(new Error("ECONNRESET"));
    expect(await text(target)).toBe("");
    target.end();
    expect(await relay.done).toEqual({ toTarget: 0, toClient: 0, endedBy: "client" });
  });

  test("that begins when a side has ended or is gone already ends the other", async () => {
    const [client, clientSide] = duplexPair();
    const [target, targetSide] = duplexPair();
    client.end();
    clientSide.resume();
    await turn();
    expect(clientSide.readableEnded).toBe(true);
    targetSide.pause();
    const relay = splice({ socket: clientSide, unread: NOTHING }, { socket: targetSide, unread: NOTHING });
    expect(await text(target)).toBe("");
    target.end();
    client.resume();
    await relay.done;

    const [, goneSide] = duplexPair();
    const [other, otherSide] = duplexPair();
    goneSide.destroy();
    const late = splice({ socket: goneSide, unread: NOTHING }, { socket: otherSide, unread: NOTHING });
    expect(await text(other)).toBe("");
    other.end();
    await late.done;
  });
});

describe("stopping a relay", () => {
  test("says the last words at the beginning of a line", async () => {
    const { client, target, relay } = joined("", "* 1 EXISTS\r\n");
    await turn();
    relay.stop("* BYE\r\n");
    expect(await text(client)).toBe("* 1 EXISTS\r\n* BYE\r\n");
    client.end();
    target.end();
    expect((await relay.done).endedBy).toBe("us");
  });

  test("says nothing in the middle of one, where it would become part of a message", async () => {
    const { client, target, relay } = joined("", "* 1 FETCH (BODY[] {100}\r\nSubject");
    await turn();
    let heard = "";
    client.on("data", (octets) => (heard += String(octets)));
    relay.stop("* BYE\r\n");
    target.destroy();
    await relay.done;
    expect(heard).not.toContain("BYE");
    client.destroy();
  });
});

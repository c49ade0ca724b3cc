import { type Duplex, duplexPair } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RELAY_LIMITS } from "../../../src/relay/limits.ts";
import { type Relay, splice } from "../../../src/relay/splice.ts";

const NOTHING = Buffer.alloc(0);
/** What each end of a test holds before it says that it has enough. */
const HIGH_WATER_OCTETS = 16;

interface Ends {
  readonly client: Duplex;
  readonly target: Duplex;
  readonly relay: Relay;
  readonly inner: readonly Duplex[];
}

/** A relay between two pairs of streams; a test holds the far ends. */
function joined(clientUnread = "", targetUnread = ""): Ends {
  const [client, clientSide] = duplexPair({ highWaterMark: HIGH_WATER_OCTETS });
  const [target, targetSide] = duplexPair({ highWaterMark: HIGH_WATER_OCTETS });
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

describe("a client that has ended its side before its target", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The client has said its last; the target has heard that. */
  async function halfClosed(): Promise<Ends> {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const ends = joined();
    ends.client.end("a SEARCH TEXT rare");
    expect(await text(ends.target)).toBe("a SEARCH TEXT rare");
    return ends;
  }

  test("does not keep a target that neither answers nor ends for longer than the silence it is granted", async () => {
    const { client, relay } = await halfClosed();
    vi.advanceTimersByTime(RELAY_LIMITS.answerSilenceMs);
    await turn();
    client.resume();
    expect(await relay.done).toEqual({ toTarget: 18, toClient: 0, endedBy: "client" });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("hears an answer to its end, however long that takes, as long as something comes", async () => {
    const { client, target, relay } = await halfClosed();
    const heard = text(client);
    for (let n = 0; n < 5; n += 1) {
      vi.advanceTimersByTime(RELAY_LIMITS.answerSilenceMs - 1);
      target.write("* OK Still here\r\n");
      await turn();
    }
    target.end("a OK Done\r\n");
    expect(await heard).toBe(`${"* OK Still here\r\n".repeat(5)}a OK Done\r\n`);
    expect((await relay.done).endedBy).toBe("client");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("gives a client that fetches nothing for a while the whole answer all the same", async () => {
    const { client, target, relay } = await halfClosed();
    const answer = `* 1 FETCH ${"x".repeat(HIGH_WATER_OCTETS * 8)}\r\n`;
    target.write(answer);
    target.end("a OK Done\r\n");
    for (let period = 0; period < 5; period += 1) {
      await turn();
      vi.advanceTimersByTime(RELAY_LIMITS.answerSilenceMs);
    }
    expect(await text(client)).toBe(`${answer}a OK Done\r\n`);
    expect((await relay.done).endedBy).toBe("client");
  });

  test("costs no timer once the target has ended as well", async () => {
    const { client, target, relay } = await halfClosed();
    target.end();
    client.resume();
    await relay.done;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("stopping a relay", () => {
  test("says the last words where the target has said nothing yet: then the client is between two lines", async () => {
    const { client, target, relay } = joined();
    client.write("a SELECT INBOX\r\n");
    await turn();
    relay.stop("* BYE\r\n");
    expect(await text(client)).toBe("* BYE\r\n");
    client.end();
    target.resume();
    expect((await relay.done).endedBy).toBe("us");
  });

  test.each([
    ["in the middle of a line", "* 1 FETCH (BODY[] {100}\r\nSubject"],
    [
      "behind the end of a line, which may be one of a message",
      "* 1 FETCH (BODY[] {100}\r\nSubject: one\r\n",
    ],
  ])("says nothing %s: the words would become part of somebody's mail", async (_where, said) => {
    const { client, target, relay } = joined("", said);
    const heard = text(client);
    await turn();
    relay.stop("* BYE\r\n");
    target.destroy();
    expect(await heard).toBe(said);
    expect((await relay.done).endedBy).toBe("us");
  });

  test.each([
    ["250 2.1.0 OK\r\n", "250 2.1.0 OK\r\n421 bye\r\n"],
    ["250-mx.te", "250-mx.te"],
  ])("says them behind any line of a target that sends replies alone: %j", async (said, all) => {
    const { client, target, relay } = joined("", said);
    const heard = text(client);
    await turn();
    relay.stop("421 bye\r\n", "replies");
    target.destroy();
    expect(await heard).toBe(all);
    await relay.done;
  });
});

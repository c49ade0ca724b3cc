import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type IdleNews, idle } from "../../../../../src/upstream/imap/commands/idle.ts";
import { noop } from "../../../../../src/upstream/imap/commands/noop.ts";
import { scriptedConnection } from "../../scripted-connection.ts";

/** Listens until it ends, keeping what it hears. */
function listening(script: ReturnType<typeof scriptedConnection>, limitMs?: number) {
  const leave = new AbortController();
  const heard: IdleNews[] = [];
  const options = { signal: leave.signal, ...(limitMs === undefined ? {} : { limitMs }) };
  const over = (async () => {
    for await (const news of idle(script.connection, options)) heard.push(news);
  })();
  over.catch(() => undefined);
  return { leave, heard, over };
}

describe("listening to a folder", () => {
  test("gives what happens until it is told to end, and leaves the connection usable", async () => {
    const script = scriptedConnection("IDLE");
    const { leave, heard, over } = listening(script);
    expect(await script.line()).toBe("IDLE");
    script.say(
      "+ idling",
      "* 4 EXISTS",
      "* 1 RECENT",
      "* OK Still here",
      "* 2 EXPUNGE",
      "* VANISHED 5:7",
      "* 3 FETCH (UID 9 FLAGS (\\Seen \\Recent) MODSEQ (7))",
      "* 3 FETCH (FLAGS ())",
      "* 3 FETCH (MODSEQ (8))",
    );
    await vi.waitFor(() => expect(heard).toHaveLength(5));
    leave.abort();
    expect(await script.line()).toBe("DONE");
    script.say("* 5 EXISTS", "% OK");
    await over;
    expect(heard).toEqual([
      { kind: "exists", count: 4 },
      { kind: "expunge", number: 2 },
      { kind: "vanished", uidSet: "5:7" },
      { kind: "flags", number: 3, uid: 9, flags: ["\\Seen"] },
      { kind: "flags", number: 3, uid: null, flags: [] },
      { kind: "exists", count: 5 },
    ]);
    const done = noop(script.connection);
    expect(await script.line()).toBe("NOOP");
    script.say("% OK");
    await done;
  });

  test("ends after its limit, and when the consumer leaves", async () => {
    const script = scriptedConnection("IDLE");
    const { over } = listening(script, 1);
    await script.line();
    script.say("+");
    expect(await script.line()).toBe("DONE");
    script.say("% OK");
    await over;
    const left = (async () => {
      for await (const _ of idle(script.connection, { signal: new AbortController().signal })) break;
    })();
    await script.line();
    script.say("+", "* 4 EXISTS");
    expect(await script.line()).toBe("DONE");
    script.say("% OK");
    await left;
  });

  test("that is no longer wanted before the server agreed ends as soon as it has", async () => {
    const script = scriptedConnection("IDLE");
    const { leave, over } = listening(script);
    await script.line();
    leave.abort();
    script.say("+");
    expect(await script.line()).toBe("DONE");
    script.say("% OK");
    await over;
    const none = idle(script.connection, { signal: leave.signal });
    expect((await none.next()).done).toBe(true);
  });

  test("is not ended by silence, but a server that does not answer DONE is", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const script = scriptedConnection("IDLE", { silenceLimitMs: 300_000 });
    const { heard, over } = listening(script);
    await script.line();
    script.say("+");
    await vi.advanceTimersByTimeAsync(25 * 60_000);
    expect(await script.line()).toBe("DONE");
    await vi.advanceTimersByTimeAsync(299_000);
    script.say("* 4 EXISTS", "% OK");
    await over;
    expect(heard).toHaveLength(1);
    const dead = listening(script);
    await script.line();
    script.say("+");
    dead.leave.abort();
    expect(await script.line()).toBe("DONE");
    await vi.advanceTimersByTimeAsync(300_000);
    await expect(dead.over).rejects.toThrow("fell silent");
  });

  test("lets commands wait until it has ended", async () => {
    const script = scriptedConnection("IDLE");
    const { leave, over } = listening(script);
    await script.line();
    script.say("+");
    const next = noop(script.connection);
    leave.abort();
    expect(await script.line()).toBe("DONE");
    script.say("% OK");
    await over;
    expect(await script.line()).toBe("NOOP");
    script.say("% OK");
    await next;
  });

  test("that the server refuses, or ends by a goodbye, is an error", async () => {
    const script = scriptedConnection("IDLE");
    const refused = listening(script);
    await script.line();
    script.say("% NO not here");
    await expect(refused.over).rejects.toMatchObject({ name: "CommandRefusedError" });
    const away = listening(script);
    await script.line();
    script.say("+", "* BYE idle too long");
    await expect(away.over).rejects.toMatchObject({ kind: "source-unreachable" });
  });
});

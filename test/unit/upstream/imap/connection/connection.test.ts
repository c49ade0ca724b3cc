import { describe, expect, test, vi } from "vitest";
import { noop } from "../../../../../src/upstream/imap/commands/noop.ts";
import { folderStatus } from "../../../../../src/upstream/imap/commands/status.ts";
import { run } from "../../../../../src/upstream/imap/connection/run.ts";
import { scriptedConnection } from "../../scripted-connection.ts";

const CASE = { kind: "source-protocol" };

describe("a connection", () => {
  test("gives pipelined answers to the commands that asked, in whatever order they come", async () => {
    const { connection, line, say } = scriptedConnection();
    const first = folderStatus(connection, "A");
    const second = folderStatus(connection, "b {3}");
    expect(await line()).toBe('STATUS "A" (MESSAGES UIDNEXT UIDVALIDITY)');
    say(
      '* STATUS "b {3}" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 4)',
      "* STATUS A (MESSAGES 7)",
      "* 3 EXISTS",
      "% OK",
    );
    await line();
    say("* STATUS {5}", "b {3} (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 4)", "% OK");
    expect(await first).toMatchObject({ messages: 7, uidNext: null });
    expect(await second).toMatchObject({ messages: 2, uidNext: 3, uidValidity: 4 });
  });

  test("leaves what stands behind the last answer to whoever gets the socket", async () => {
    const { connection, line, say, server } = scriptedConnection();
    const done = noop(connection);
    await line();
    say("% OK", "* 3 EXISTS", "* LIST () NIL {4}", "ab");
    await done;
    server.write("cd");
    const { socket, leftover } = connection.detach();
    expect(leftover.toString()).toBe("* 3 EXISTS\r\n* LIST () NIL {4}\r\nab\r\n");
    const next = new Promise((resolve) => socket.once("data", resolve));
    socket.resume();
    expect(String(await next)).toBe("cd");
  });

  test.each([
    ["an answer to no command of ours", ["x1 OK"]],
    ["a continuation that nobody asked for", ["+ go on"]],
    ["a literal where none is expected", ["* LIST () NIL {70000}", "x"]],
    ["a line that is no response", ["hello"]],
    ["lists that do not fit", ["* STATUS A (", "% OK"]],
    ["nested lists without end", [`* STATUS A ${"(".repeat(5000)}${")".repeat(5000)}`]],
    ["an answer without the data", ["% OK"]],
    ["a command that it does not understand", ["% BAD what?"]],
  ])("ends cleanly at %s", async (_what, lines) => {
    const { connection, line, say } = scriptedConnection();
    const status = folderStatus(connection, "A");
    await line();
    say(...lines);
    await expect(status).rejects.toMatchObject(CASE);
    await expect(status).rejects.toThrow(/the source mail\.old\.example:143 /);
  });

  test("ends at an endless line without keeping it", async () => {
    const { connection, line, server } = scriptedConnection();
    const done = noop(connection);
    await line();
    const piece = "x".repeat(1 << 20);
    const flood = setInterval(() => server.write(piece), 0);
    await expect(done).rejects.toMatchObject(CASE);
    clearInterval(flood);
  });

  test("ends at an endless chatter of lines that nobody asked for", async () => {
    const { connection, line, say } = scriptedConnection("IMAP4REV1", { strayResponses: 100 });
    const done = noop(connection);
    await line();
    say(...Array.from({ length: 101 }, () => "* OK still here"));
    await expect(done).rejects.toMatchObject(CASE);
  });

  test("tells a server that closes from one that says goodbye, and that from a limit", async () => {
    const cases: [string[], string][] = [
      [[], "source-unreachable"],
      [["* BYE going down"], "source-unreachable"],
      [["* BYE [LIMIT] later"], "source-limit"],
      [["* BYE Too many connections from your address"], "source-limit"],
    ];
    for (const [lines, kind] of cases) {
      const { connection, line, say, server } = scriptedConnection();
      const commands = [noop(connection), noop(connection)];
      await line();
      say(...lines);
      server.end();
      for (const command of commands) await expect(command).rejects.toMatchObject({ kind });
      await connection.closed;
      await expect(noop(connection)).rejects.toMatchObject({ kind });
    }
  });

  test("gives up on a server that falls silent, or is too slow as a whole", async () => {
    const silent = scriptedConnection("IMAP4REV1", { silenceLimitMs: 20 });
    await expect(noop(silent.connection)).rejects.toThrow(/fell silent .* during NOOP/);
    const slow = scriptedConnection("IMAP4REV1", { commandLimitMs: 20 });
    const chatter = setInterval(() => slow.say("* OK still here"), 1);
    await expect(noop(slow.connection)).rejects.toThrow(/did not answer NOOP within/);
    clearInterval(chatter);
  });

  test("of a server that owes an answer is not excused by a command that waits for its body", async () => {
    const { connection, line } = scriptedConnection("LITERAL+", { silenceLimitMs: 20 });
    const owed = connection.send({ name: "NOOP", pieces: ["NOOP"] });
    await line();
    const never: AsyncIterable<Buffer> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    };
    const body = connection.send({ name: "APPEND", pieces: ["APPEND INBOX ", { size: 9, body: never }] });
    await expect(owed.done).rejects.toMatchObject({ message: expect.stringContaining("fell silent") });
    await expect(body.done).rejects.toMatchObject({ kind: "source-unreachable" });
  });

  test("idle time is no silence", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { connection, line, say } = scriptedConnection("IMAP4REV1", { silenceLimitMs: 1_000 });
    for (let i = 0; i < 4; i += 1) {
      const done = noop(connection);
      await line();
      vi.advanceTimersByTime(600);
      say("% OK");
      await expect(done).resolves.toBeUndefined();
      vi.advanceTimersByTime(600);
    }
    vi.useRealTimers();
  });

  test("refusals keep code and words, without control characters", async () => {
    const { connection, line, say } = scriptedConnection();
    const done = run(connection, { name: "CREATE", pieces: ["CREATE x"] });
    await line();
    say("% NO [CANNOT x] \x1b[31mno");
    await expect(done).rejects.toMatchObject({
      name: "CommandRefusedError",
      code: "CANNOT",
      text: "?[31mno",
    });
    const later = run(connection, { name: "CREATE", pieces: ["CREATE x"] });
    await line();
    say("% NO [UNAVAILABLE] later");
    await expect(later).rejects.toMatchObject({ kind: "source-unreachable" });
  });
});

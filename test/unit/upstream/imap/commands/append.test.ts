import { describe, expect, test } from "vitest";
import { appendMessage, type OutgoingMessage } from "../../../../../src/upstream/imap/commands/append.ts";
import { bodyOf, scriptedConnection } from "../../scripted-connection.ts";

const DATE = "17-Jul-1996 02:44:25 -0700";

function message(text: string, body: AsyncIterable<Buffer> = bodyOf(text)): OutgoingMessage {
  return {
    flags: ["\\Seen", "\\Recent", "\\X", "a b", "$Work"],
    internalDate: DATE,
    size: text.length,
    body,
  };
}

async function* never(): AsyncGenerator<Buffer, void, undefined> {
  yield await Promise.reject(new Error("the body was asked for"));
}

describe("an append", () => {
  test("with LITERAL+ sends several before the first answer", async () => {
    const { connection, line, literal, say } = scriptedConnection("LITERAL+ UIDPLUS");
    const one = appendMessage(connection, "Posta & c", message("one"));
    const two = appendMessage(connection, "INBOX", message("two2"));
    expect(await line()).toBe(`APPEND "Posta & c" (\\Seen $Work) "${DATE}" {3+}`);
    expect(await literal(5)).toBe("one\r\n");
    await line();
    say("% OK [APPENDUID 9 12] done");
    expect(await two.done).toEqual({ kind: "stored", uidValidity: 9, uid: 12 });
    connection.close();
    await expect(one.done).rejects.toMatchObject({ kind: "source-unreachable" });
  });

  test("with LITERAL- waits for the server only where the message is large", async () => {
    const { connection, line } = scriptedConnection("LITERAL-");
    appendMessage(connection, "INBOX", message("x".repeat(4096)));
    appendMessage(connection, "INBOX", message("x".repeat(4097)));
    expect(await line()).toContain("{4096+}");
    await line();
    expect(await line()).toContain("{4097}");
    connection.close();
  });

  test("that is refused before its literal takes nothing of the body", async () => {
    const { connection, line, literal, say } = scriptedConnection();
    const refused = appendMessage(connection, "INBOX", message("one", never()));
    const next = appendMessage(connection, "INBOX", message("two"));
    expect(await line()).toContain("{3}");
    say("% NO [OVERQUOTA] full");
    expect(await refused.done).toEqual({ kind: "refused", code: "OVERQUOTA", text: "full" });
    await refused.sent;
    await line();
    say("+ go");
    expect(await literal(5)).toBe("two\r\n");
    say("% OK stored");
    expect(await next.done).toEqual({ kind: "stored", uidValidity: null, uid: null });
  });

  test("that is refused in the middle of its literal is sent whole nevertheless", async () => {
    const { connection, line, literal, say } = scriptedConnection("LITERAL+");
    const middle = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Buffer, void, undefined> {
      yield Buffer.from("on");
      await middle.promise;
      yield Buffer.from("e");
    }
    const refused = appendMessage(connection, "INBOX", message("one", slow()));
    await line();
    say("% NO [TOOBIG] no");
    expect(await refused.done).toMatchObject({ kind: "refused", code: "TOOBIG" });
    middle.resolve();
    await refused.sent;
    expect(await literal(5)).toBe("one\r\n");
  });

  test("that is accepted before it was sent is a lie", async () => {
    const { connection, line, say } = scriptedConnection("LITERAL+");
    const stalled = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Buffer, void, undefined> {
      yield Buffer.from("on");
      await stalled.promise;
    }
    const handle = appendMessage(connection, "INBOX", message("one", slow()));
    await line();
    say("% OK [APPENDUID 1 1] stored");
    await expect(handle.done).rejects.toMatchObject({ kind: "source-protocol" });
    stalled.resolve();
  });

  test.each(["on", "ones"])(
    "whose body does not have the announced size (%s) never gets its end",
    async (body) => {
      const { connection, server } = scriptedConnection("LITERAL+");
      const handle = appendMessage(connection, "INBOX", message("one", bodyOf(body)));
      await expect(handle.sent).rejects.toMatchObject({ kind: "internal" });
      await connection.closed;
      expect(String(server.read() ?? "")).not.toContain("\r\n\r\n");
    },
  );

  test("pads a day that a server forgot to pad, and refuses what is no date without sending anything", async () => {
    const { connection, line } = scriptedConnection("LITERAL+");
    const refused = appendMessage(connection, "INBOX", { ...message("x"), internalDate: 'x" {3}' });
    expect(await refused.done).toMatchObject({ kind: "refused", text: expect.stringContaining("date") });
    appendMessage(connection, "INBOX", { ...message("x"), internalDate: "7-Jul-1996 02:44:25 -0700" });
    expect(await line()).toContain('" 7-Jul-1996 02:44:25 -0700"');
    connection.close();
  });

  test("asks its body for no more than the server takes", async () => {
    const { connection, server } = scriptedConnection("LITERAL+");
    let asked = 0;
    async function* large(): AsyncGenerator<Buffer, void, undefined> {
      for (; asked < 200; asked += 1) yield Buffer.alloc(64 * 1024);
    }
    const handle = appendMessage(connection, "INBOX", {
      ...message(""),
      size: 200 * 64 * 1024,
      body: large(),
    });
    // The server reads nothing: only what fits into the two streams' buffers is asked for.
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBeLessThan(10);
    server.resume();
    await handle.sent;
    expect(asked).toBe(200);
    connection.close();
  });
});

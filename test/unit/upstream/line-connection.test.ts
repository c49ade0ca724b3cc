import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { BEFORE_LOGIN } from "../../../src/upstream/limits.ts";
import { LineConnection } from "../../../src/upstream/line-connection.ts";
import { isUngreeted } from "../../../src/upstream/ungreeted.ts";

const endpoint = { host: "mail.example", port: 110, tls: "none", ca: null, verify: true } as const;

/** A connection whose server has said all this before anybody reads. */
function connectionTo(...said: readonly (string | null)[]): { connection: LineConnection; stream: Duplex } {
  const stream = new Duplex({ read: () => {}, write: (_octets, _encoding, done) => done() });
  for (const words of said) stream.push(words);
  const socket = stream as unknown as Socket;
  return {
    stream,
    connection: new LineConnection({ socket, side: "target", endpoint, limits: BEFORE_LOGIN }),
  };
}

test("what a server says before it is asked is no answer, even when it has ended since", async () => {
  const { connection } = connectionTo("+OK ready\r\n+OK in\r\n", null);
  expect((await connection.readLine("the greeting")).toString()).toBe("+OK ready");
  connection.send("AUTH PLAIN\r\n");
  await expect(connection.readLine("the answer to AUTH PLAIN")).rejects.toMatchObject({
    kind: expect.stringMatching(/^target-/),
  });
});

test("what a server says before it ends is read to its end", async () => {
  const { connection } = connectionTo("-ERR one\r\ntwo\r\n", null);
  expect((await connection.readLine("the greeting")).toString()).toBe("-ERR one");
  expect((await connection.readLine("the greeting")).toString()).toBe("two");
});

test("a connection that breaks before a word was said was not greeted", async () => {
  const { connection, stream } = connectionTo();
  const greeting = connection.readLine("the greeting");
  stream.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  const failure: unknown = await greeting.catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "target-unreachable" });
  expect(isUngreeted(failure as never)).toBe(true);
});

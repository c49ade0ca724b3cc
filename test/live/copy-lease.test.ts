import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox } from "../kit/mailbox.ts";

const LEASE_AND_MORE_MS = 61_000;
const LATE_MS = 5_000;

/** Relays to a server, and holds what the first connection gets back from `after` octets on. */
async function startHoldingRelay(to: { port: number }, after: number) {
  const held = Promise.withResolvers<() => void>();
  let isFirst = true;
  const server = createServer((client) => {
    const upstream = connect(to.port, "127.0.0.1");
    let left = isFirst ? after : Number.POSITIVE_INFINITY;
    isFirst = false;
    client.on("data", (piece) => upstream.write(piece));
    upstream.on("data", (piece) => {
      left -= piece.length;
      if (left > 0) return void client.write(piece);
      left = Number.POSITIVE_INFINITY;
      upstream.pause();
      held.resolve(() => {
        client.write(piece);
        upstream.resume();
      });
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    held: held.promise,
    stop: () => server.close(),
  };
}

/** Leaves a target that takes one message at a time. */
const oneByOne: OnPiece = (_connection, piece, from) =>
  from === "server"
    ? Buffer.from(piece.toString("latin1").replaceAll("MULTIAPPEND", "XULTIAPPEND"), "latin1")
    : undefined;

it.each([
  ["many messages at once", () => undefined],
  ["one message at a time", oneByOne],
] as const)(
  "a worker that stood still until another had done its work sends nothing more when it wakes up, to a target that takes %s",
  async (_what, onPiece) => {
    const to = { port: 0 };
    const place = { host: "127.0.0.1", port: 0 };
    const relay = await startHoldingRelay(to, 40_000);
    const target = await startBreakingRelay(place, onPiece);
    let copying: Copying | undefined;
    try {
      const via = {
        source: { port: relay.port, tls: "none" },
        target: { port: target.port, tls: "none" },
      } as const;
      copying = await startCopying({ users: ["anna"], via });
      const { deps } = copying;
      const address = copying.address("anna");
      to.port = copying.source.imapPort;
      place.port = copying.target.imapPort;
      const INBOX = Array.from({ length: 60 }, (_, at) => ({
        body: Buffer.from(`Message-ID: <${at}@example.test>\r\n\r\n${"x".repeat(1_500)}\r\n`),
        internalDate: "05-May-2015 05:05:05 +0200",
      }));
      await fillMailbox(copying.source.endpoint(), address, PASSWORD, { INBOX });
      let slept = 0;
      const clock = { now: () => Date.now() + slept };
      const first = copyNow({ ...deps, clock, owner: "first" }, address);
      const wakeUp = await relay.held;
      slept = LEASE_AND_MORE_MS;
      expect(await copyNow({ ...deps, clock, owner: "second" }, address)).toMatchObject({ copied: 60 });
      wakeUp();
      expect(await first).toEqual({ kind: "stopped" });
      expect(await copying.differences("anna")).toEqual([]);
    } finally {
      await copying?.stop();
      await target.stop();
      relay.stop();
    }
  },
);

it("what a dead process has sent may arrive seconds later, and is not sent again", async () => {
  const copying = await startCopying({ users: ["anna"] });
  try {
    const { deps } = copying;
    const address = copying.address("anna");
    const letters = Array.from({ length: 8 }, (_, at) => ({
      body: Buffer.from(`Message-ID: <${at}@example.test>\r\n\r\ntext\r\n`),
      internalDate: "05-May-2015 05:05:05 +0200",
    }));
    await fillMailbox(copying.source.endpoint(), address, PASSWORD, { INBOX: letters.slice(0, 1) });
    expect(await copying.pass("anna")).toMatchObject({ copied: 1 });
    await fillMailbox(copying.source.endpoint(), address, PASSWORD, { INBOX: letters.slice(1) });
    const [inbox] = await copying.ledger("anna");
    const lease = await deps.queue.lease("dead", Date.now(), 1, { address, evenIfNotDue: true });
    await deps.store.ledger.begin(address, lease?.token ?? 0);
    await deps.store.ledger.intend(address, lease?.token ?? 0, {
      id: "1",
      source: "INBOX",
      sourceUidValidity: inbox?.sourceUidValidity ?? 0,
      target: "INBOX",
      targetUidValidity: inbox?.targetUidValidity ?? 0,
      targetUidNext: 2,
      sourceUids: [2, 3, 4, 5, 6, 7, 8],
      at: new Date().toISOString(),
    });
    // The server wakes up when the new process has waited for a while.
    const began = Date.now();
    const late = Promise.withResolvers<void>();
    const now = () => {
      if (Date.now() - began > LATE_MS) late.resolve();
      return Date.now();
    };
    const pass = copyNow({ ...deps, clock: { now }, owner: "next" }, address);
    await late.promise;
    await fillMailbox(copying.target.endpoint(), address, PASSWORD, { INBOX: letters.slice(1, 5) });
    expect(await pass).toMatchObject({ kind: "done", copied: 3 });
    expect(await copying.differences("anna")).toEqual([]);
  } finally {
    await copying.stop();
  }
});

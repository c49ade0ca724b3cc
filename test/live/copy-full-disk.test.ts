import { describe, expect, it } from "vitest";
import type { CopyDeps } from "../../src/copy/deps.ts";
import { copyNow } from "../../src/copy/now.ts";
import { createCopier } from "../../src/copy/worker.ts";
import { Failure } from "../../src/model/failure.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

function letters(count: number): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`Message-ID: <${at}@example.test>\r\nSubject: ${at}\r\n\r\nA letter.\r\n`),
    internalDate: "01-Jun-2016 06:06:06 +0000",
    flags: [],
  }));
}

const full = () =>
  Promise.reject(new Failure("store-unwritable", "the disk that holds the database is full"));

/** The copier's parts over a disk that takes `batches` more records of copied mail, and not even the display after that. */
function withRoomFor(batches: number, { deps }: Copying): CopyDeps {
  let room = batches;
  const { ledger, accounts } = deps.store;
  return {
    ...deps,
    store: {
      ...deps.store,
      ledger: {
        ...ledger,
        record: (...batch) => {
          room -= 1;
          return room >= 0 ? ledger.record(...batch) : full();
        },
        // What is found again of a wave that could not be recorded is recorded by this one.
        recordAll: (...batches) => {
          room -= 1;
          return room >= 0 ? ledger.recordAll(...batches) : full();
        },
      },
      accounts: {
        ...accounts,
        setProgress: (...progress) => (room >= 0 ? accounts.setProgress(...progress) : full()),
      },
    },
  };
}

describe("a copy whose disk is full", () => {
  it.each([0, 1])(
    "after %i batches ends in those words, and goes on without losing or doubling a message",
    async (batches) => {
      const copying = await startCopying({ users: ["anna"] });
      try {
        const mail = { INBOX: letters(300), Sent: letters(40) };
        await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, mail);
        const outcome = await copyNow(withRoomFor(batches, copying), copying.address("anna"));
        expect(outcome).toMatchObject({ kind: "failed", failure: { kind: "store-unwritable" } });
        expect(await copying.account("anna")).toMatchObject({ state: "copying", reason: null });
        // The target has taken messages that could not be written down.
        expect((await copying.read("target", "anna")).get("INBOX")?.messages.length).toBeGreaterThan(0);
        expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
        expect(await copying.differences("anna")).toEqual([]);
        expect(await copying.account("anna")).toMatchObject({ state: "synced", messagesCopied: 340 });
      } finally {
        await copying.stop();
      }
    },
  );
});

describe("a worker whose disk is full", () => {
  it("says so once and not every second, and goes on by itself", async () => {
    const copying = await startCopying({ users: ["anna"] });
    const stop = new AbortController();
    let isFull = true;
    let tries = 0;
    const { queue } = copying.deps;
    const lease: typeof queue.lease = (...asked) => {
      tries += 1;
      return isFull ? full() : queue.lease(...asked);
    };
    const running = createCopier({ ...copying.deps, queue: { ...queue, lease } }).run(stop.signal);
    try {
      await queue.put(copying.address("anna"), Date.now());
      await waitFor(() => tries >= 3, "the queue has been tried again");
      const complaints = copying.logged.filter((line) => line.includes("worker.error"));
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain("the disk that holds the database is full");
      isFull = false;
      await waitFor(async () => (await copying.account("anna")).state === "synced", "anna is synced");
    } finally {
      stop.abort();
      await running;
      await copying.stop();
    }
  });
});

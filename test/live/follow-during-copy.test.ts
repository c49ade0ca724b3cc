import { expect, it } from "vitest";
import { createCopier } from "../../src/copy/worker.ts";
import { PASSWORD, startCopying } from "../kit/copying.ts";
import { expectOk } from "../kit/imap-client.ts";
import { fillMailbox, openMailbox } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

const LARGE = "all work and no play\r\n".repeat(10_000);

function mail(text: string, more = "") {
  return {
    body: Buffer.from(`Message-ID: <${text}@example.test>\r\nSubject: ${text}\r\n\r\n${text}\r\n${more}`),
  };
}

it("mail that arrives in the old INBOX during a long first copy does not wait for its end", async () => {
  const copying = await startCopying({ users: ["emma"], copy: { syncIntervalMs: 3_600_000 } });
  const stop = new AbortController();
  try {
    const address = copying.address("emma");
    const deliver = (text: string) =>
      fillMailbox(copying.source.endpoint(), address, PASSWORD, { INBOX: [mail(text)] });
    await fillMailbox(copying.source.endpoint(), address, PASSWORD, {
      INBOX: [mail("first"), mail("second")],
      Archive: Array.from({ length: 80 }, (_, at) => mail(`old ${at}`, LARGE)),
    });
    // So slow that it does not end before the new mail is there.
    copying.deps.governor.setLimits({ ...copying.deps.copy, bytesPerSecond: 150_000 });
    const copier = createCopier(copying.deps);
    const running = copier.run(stop.signal);
    copier.follow(address);
    await copying.deps.queue.put(address, Date.now());
    copier.wake();
    const client = await openMailbox(copying.target.endpoint(), address, PASSWORD);
    const inbox = async () => {
      const { untagged } = expectOk(await client.command("STATUS INBOX (MESSAGES)"), "STATUS");
      return Number(/MESSAGES (\d+)/.exec(untagged[0]?.text ?? "")?.[1]);
    };
    await waitFor(async () => (await inbox()) === 2, "the INBOX of before");
    for (const count of [3, 4]) {
      // Of a size of its own: what looks like a message that is there already may have been moved, and waits for the next pass.
      await deliver(`news ${"!".repeat(count)}`);
      await waitFor(async () => (await inbox()) === count, `${count} messages in INBOX`);
      expect((await copying.account("emma")).syncedAt).toBeNull();
    }
    copying.deps.governor.setLimits({ ...copying.deps.copy, bytesPerSecond: null });
    await waitFor(async () => (await copying.account("emma")).syncedAt !== null, "the end of the copy");
    expect(await copying.differences("emma")).toEqual([]);
    client.close();
    stop.abort();
    await running;
  } finally {
    stop.abort();
    await copying.stop();
  }
});

import { describe, expect, it } from "vitest";
import { createCopier } from "../../src/copy/worker.ts";
import { PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

function letters(count: number): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`Subject: ${at}\r\n\r\nA letter.\r\n`),
    internalDate: "01-Jun-2016 06:06:06 +0000",
    flags: [],
  }));
}

describe("the worker", () => {
  it("copies several accounts at once and comes back to each after the interval", async () => {
    const users = ["anna", "bruno", "carla"];
    const copying = await startCopying({ users, copy: { syncIntervalMs: 300, connectionsPerSource: 2 } });
    const stop = new AbortController();
    try {
      for (const user of users)
        await fillMailbox(copying.source.endpoint(), copying.address(user), PASSWORD, { INBOX: letters(20) });
      for (const user of users) await copying.deps.queue.put(copying.address(user), Date.now());
      const copier = createCopier(copying.deps);
      const running = copier.run(stop.signal);
      for (const user of users)
        await waitFor(async () => (await copying.account(user)).state === "synced", `${user} is synced`);
      await fillMailbox(copying.source.endpoint(), copying.address("bruno"), PASSWORD, { INBOX: letters(1) });
      await waitFor(
        async () => (await copying.differences("bruno")).length === 0,
        "bruno's new mail arrives",
      );
      stop.abort();
      await running;
      for (const user of users) expect(await copying.differences(user)).toEqual([]);
    } finally {
      stop.abort();
      await copying.stop();
    }
  });

  it("stops asking a source that refuses the password, and says so", async () => {
    const copying = await startCopying({ users: ["anna"] });
    try {
      await copying.source.setPassword(copying.address("anna"), `other-${PASSWORD}`);
      expect(await copying.pass("anna")).toMatchObject({
        kind: "failed",
        failure: { kind: "source-auth-failed" },
      });
      expect(await copying.account("anna")).toMatchObject({
        state: "attention",
        reason: "source_auth_failed",
      });
      expect(await copying.deps.queue.depth(Number.MAX_SAFE_INTEGER)).toEqual({ due: 0, leased: 0 });
      await copying.source.setPassword(copying.address("anna"), PASSWORD);
      // Dovecot sees a new password within a second or so.
      await waitFor(async () => (await copying.pass("anna")).kind === "done", "the password is taken again");
      expect(await copying.account("anna")).toMatchObject({ state: "synced", reason: null });
    } finally {
      await copying.stop();
    }
  });

  it("calls for attention only when a server has been away for several turns, and recovers by itself", async () => {
    const copying = await startCopying({ users: ["anna"] });
    try {
      await copying.source.halt();
      expect(await copying.pass("anna")).toMatchObject({
        kind: "failed",
        failure: { kind: "source-unreachable" },
      });
      expect((await copying.account("anna")).state).toBe("captured");
      await copying.pass("anna");
      await copying.pass("anna");
      expect(await copying.account("anna")).toMatchObject({
        state: "attention",
        reason: "source_unreachable",
      });
      await copying.source.start();
      expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
      expect((await copying.account("anna")).state).toBe("synced");
    } finally {
      await copying.stop();
    }
  });
});

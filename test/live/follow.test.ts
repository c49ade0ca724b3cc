import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Followers } from "../../src/copy/following/follow.ts";
import type { FollowPace } from "../../src/copy/following/follow-inbox.ts";
import { createCopier } from "../../src/copy/worker.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { expectOk } from "../kit/imap-client.ts";
import { fillMailbox, openMailbox } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

function mail(text: string) {
  return { body: Buffer.from(`Message-ID: <${text}@example.test>\r\nSubject: ${text}\r\n\r\n${text}\r\n`) };
}

describe("an account that somebody has open", () => {
  let copying: Copying;

  beforeAll(async () => {
    // Passes come by themselves once an hour only: what arrives sooner was followed.
    copying = await startCopying({
      users: ["anna", "bruno", "carla", "dora"],
      copy: { syncIntervalMs: 3_600_000 },
    });
    for (const user of ["anna", "bruno", "carla", "dora"]) {
      await fillMailbox(copying.source.endpoint(), copying.address(user), PASSWORD, {
        INBOX: [mail("first")],
      });
      await copying.pass(user);
    }
  });

  afterAll(() => copying?.stop());

  function startCopier() {
    const stop = new AbortController();
    const copier = createCopier(copying.deps);
    const running = copier.run(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await running;
    });
    return copier;
  }

  async function deliver(user: string, text: string): Promise<void> {
    await fillMailbox(copying.source.endpoint(), copying.address(user), PASSWORD, { INBOX: [mail(text)] });
  }

  async function inboxHolds(user: string, count: number, limitMs = 10_000): Promise<void> {
    const place = copying.target.endpoint();
    const client = await openMailbox(place, copying.address(user), PASSWORD);
    try {
      await waitFor(
        async () => {
          const reply = expectOk(await client.command("STATUS INBOX (MESSAGES)"), "STATUS");
          return reply.untagged.some(({ text }) => text.includes(`MESSAGES ${count})`));
        },
        `${count} messages in the INBOX of ${user}`,
        { limitMs },
      );
    } finally {
      client.close();
    }
  }

  const followed = (user: string) =>
    waitFor(async () => (await copying.source.log()).includes(`user=<${copying.address(user)}>`), "a login");

  it("gets new mail, deletions and flags of the source within seconds", async () => {
    const copier = startCopier();
    copier.follow(copying.address("anna"));
    await followed("anna");
    for (const count of [2, 3]) {
      await deliver("anna", `news ${count}`);
      await inboxHolds("anna", count);
    }
    await copying.act("source", "anna", "INBOX", "UID STORE 1 +FLAGS (\\Flagged)");
    await waitFor(
      async () =>
        (await copying.read("target", "anna")).get("INBOX")?.messages[0]?.flags.includes("\\Flagged"),
      "the flag on the target",
      { limitMs: 10_000 },
    );
  });

  /** Sessions at the source that have ended: each pass is one, too. */
  async function goodbyesOf(user: string): Promise<number> {
    const lines = (await copying.source.log()).split("\n");
    return lines.filter((line) => line.includes(copying.address(user)) && line.includes("Logged out")).length;
  }

  async function saysGoodbye(user: string, before: number): Promise<void> {
    await waitFor(async () => (await goodbyesOf(user)) > before, "the goodbye at the source");
  }

  async function followWith(user: string, pace: Partial<FollowPace>) {
    const due: number[] = [];
    const goodbyes = await goodbyesOf(user);
    const followers = new Followers(copying.deps, () => due.push(Date.now()), pace);
    onTestFinished(() => followers.stop());
    // As soon as its INBOX is open, for what came before.
    followers.follow(copying.address(user));
    await waitFor(() => due.length > 0, "the account to be due");
    return { followers, due, goodbyes };
  }

  it("is looked at from time to time where the source has no connection to spare", async () => {
    const source = copying.source.endpoint("implicit");
    const held = [];
    for (let at = 0; at < copying.deps.copy.connectionsPerSource; at += 1) {
      const permit = await copying.deps.governor.tryPermit(source, `other${at}@example.test`);
      if (permit) held.push(permit);
    }
    const { due } = await followWith("bruno", { withoutPermitMs: 50 });
    await waitFor(() => due.length > 3, "the account to be due again and again");
    for (const permit of held) await permit.release();
  });

  it("is followed no more when all its sessions are closed, and begins anew with the next", async () => {
    const { followers, due, goodbyes } = await followWith("carla", { lingerMs: 10 });
    followers.follow(copying.address("carla"));
    followers.unfollow(copying.address("carla"));
    await deliver("carla", "while one is open");
    await waitFor(() => due.length > 1, "news");
    followers.unfollow(copying.address("carla"));
    // The delivery was a session of its own.
    await saysGoodbye("carla", goodbyes + 1);
    const before = due.length;
    followers.follow(copying.address("carla"));
    await waitFor(() => due.length > before, "the account to be due");
  });

  it("is followed no more when the source refuses its password, or its domain is switched off", async () => {
    const { followers, due, goodbyes } = await followWith("dora", { standingMs: 20 });
    await copying.deps.store.domains.update("example.test", { state: "preparing" });
    await saysGoodbye("dora", goodbyes);
    await followers.stop();
    await copying.deps.store.domains.update("example.test", { state: "migrating" });
    await copying.source.setPassword(copying.address("dora"), "another");
    const logIn = () => openMailbox(copying.source.endpoint(), copying.address("dora"), PASSWORD);
    await waitFor(async () => {
      const client = await logIn().catch(() => null);
      client?.close();
      return client === null;
    }, "the source to know the new password");
    const again = await followWith("dora", {});
    await waitFor(
      () => copying.logged.some((line) => line.includes("copy.follow") && line.includes("dora")),
      "the end of following",
    );
    // The pass that is due says so to whom it concerns.
    expect(again.due).toHaveLength(1);
    expect(due).toHaveLength(1);
    expect(await copying.pass("dora")).toMatchObject({ kind: "failed" });
    // The sessions that follow do not bring the wrong password there again and again.
    const tries = async () =>
      (await copying.source.log()).split("\n").filter((line) => line.includes("auth failed")).length;
    const before = await tries();
    again.followers.unfollow(copying.address("dora"));
    again.followers.follow(copying.address("dora"));
    await again.followers.stop();
    expect(again.due).toHaveLength(1);
    expect(before).toBeGreaterThan(0);
    expect(await tries()).toBe(before);
  });
});

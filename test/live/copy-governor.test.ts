import { afterEach, describe, expect, it } from "vitest";
import { createCopier } from "../../src/copy/worker.ts";
import { Secret } from "../../src/kit/secret.ts";
import { createLogin } from "../../src/login/login.ts";
import { noProvisioner } from "../../src/provision/none.ts";
import { type Copying, type CopyingOptions, PASSWORD, startCopying } from "../kit/copying.ts";
import { type LimitingRelay, startLimitingRelay } from "../kit/limiting-relay.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

function letters(count: number, octets = 50): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`Message-ID: <${at}@example.test>\r\nSubject: ${at}\r\n\r\n${"x".repeat(octets)}\r\n`),
    internalDate: "01-Jun-2016 06:06:06 +0000",
    flags: [],
  }));
}

/** What a source host is known by. */
const standingOf = async ({ deps }: Copying) => [...(await deps.store.budgets.standings()).values()][0];

describe("an old server that bears little", () => {
  const ends: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  /** Both servers, with a relay in front of the source that takes few connections, and mail in every mailbox. */
  async function started(
    options: CopyingOptions & { readonly limit: number; readonly mail?: readonly MessageToStore[] },
  ): Promise<{ copying: Copying; relay: LimitingRelay }> {
    const place = { port: 0 };
    const relay = await startLimitingRelay(place, options.limit);
    ends.push(() => relay.stop());
    const via = { source: { port: relay.port, tls: "none" } } as const;
    const copying = await startCopying({ ...options, via });
    ends.push(() => copying.stop());
    place.port = copying.source.imapPort;
    for (const user of options.users)
      await fillMailbox(copying.source.endpoint(), copying.address(user), PASSWORD, {
        INBOX: options.mail ?? letters(5),
      });
    return { copying, relay };
  }

  /** Starts the copier with all accounts due. */
  async function copyAll(copying: Copying, users: readonly string[]): Promise<void> {
    for (const user of users) await copying.deps.queue.put(copying.address(user), Date.now());
    const stop = new AbortController();
    const running = createCopier(copying.deps).run(stop.signal);
    ends.push(async () => {
      stop.abort();
      await running;
    });
  }

  /** A first login: the source has to be asked. Gives the account that was let in. */
  async function logsIn(copying: Copying, user: string): Promise<string> {
    const address = copying.address(user);
    const { accounts } = copying.deps.store;
    await accounts.remove(address);
    await accounts.addMany(
      [{ address, domain: "example.test", sourceLogin: null, name: null, quota: null }],
      new Date().toISOString(),
    );
    const login = createLogin({ ...copying.deps, provisioner: noProvisioner() });
    const grant = await login(
      {
        protocol: "imap",
        user: Buffer.from(address),
        password: new Secret(Buffer.from(PASSWORD)),
        authzid: null,
        client: { address: "127.0.0.1", port: 4000, tls: true },
        session: "s1",
      },
      new AbortController().signal,
    );
    grant.target.close();
    return grant.account;
  }

  async function allSynced(copying: Copying, users: readonly string[]): Promise<void> {
    for (const user of users)
      await waitFor(async () => (await copying.account(user)).state === "synced", `${user} is synced`);
  }

  it("is asked for no more connections than it bears, once it has refused some, and every account is copied", async () => {
    const users = ["anna", "bruno", "carla", "dario", "elisa", "fabio"];
    const { copying, relay } = await started({ users, limit: 2, copy: { syncIntervalMs: 600_000 } });
    await copyAll(copying, users);
    await allSynced(copying, users);
    expect(relay.refused).toBeGreaterThan(0);
    const learned = (await standingOf(copying))?.connections;
    expect(learned?.value).toBeLessThanOrEqual(2);
    expect(learned?.words).toContain("Too many connections from your address");
    // What was learned holds from now on, for a copier that has just begun too.
    const refused = relay.refused;
    for (const user of users) await copying.pass(user);
    expect(relay.refused).toBe(refused);
    for (const user of users) expect(await copying.differences(user)).toEqual([]);
  });

  it("lets users log in while the copier has all the connections that it may have", async () => {
    const users = ["anna", "bruno", "carla", "dario"];
    const mail = letters(300, 20_000);
    const { copying, relay } = await started({
      users,
      limit: 3,
      mail,
      copy: { connectionsPerSource: 3, pairsPerAccount: 2, bytesPerSecond: 1_000_000 },
    });
    await copyAll(copying, users.slice(0, 3));
    await waitFor(() => relay.open >= 2, "the copier is at its limit");
    expect(await logsIn(copying, "dario")).toBe(copying.address("dario"));
    expect(relay.refused).toBe(0);
  });

  it("that asks for a pause is left alone until then, which is shown and is no error", async () => {
    const { copying, relay } = await started({ users: ["anna"], limit: 0 });
    relay.words = "Request is throttled. Suggested Backoff Time: 4000 milliseconds";
    const began = Date.now();
    await copyAll(copying, ["anna"]);
    await waitFor(
      async () => (await copying.account("anna")).message !== null,
      "the account says what it waits for",
    );
    expect(await copying.account("anna")).toMatchObject({ state: "captured", reason: null });
    expect((await copying.account("anna")).message).toMatch(
      /^waiting for the old server until \d\d:\d\dZ \(its words: "Request is throttled/,
    );
    relay.limit = 8;
    // A login makes the account due at once, and does not end the pause.
    await copying.deps.queue.put(copying.address("anna"), Date.now());
    await allSynced(copying, ["anna"]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(4_000);
    expect(relay.refused).toBe(1);
    expect((await copying.account("anna")).message).toBeNull();
  });

  it("that lets nobody in any more is left alone, until a user gets in", async () => {
    const users = ["anna", "bruno", "carla", "dario", "elisa"];
    const { copying, relay } = await started({ users, limit: 8, copy: { syncIntervalMs: 1_000 } });
    await copyAll(copying, users);
    await allSynced(copying, users);
    await relay.ban();
    await waitFor(async () => (await standingOf(copying))?.breaker.state === "open", "the ban is noticed");
    await relay.unban();
    expect(await logsIn(copying, "elisa")).toBe(copying.address("elisa"));
    expect((await standingOf(copying))?.breaker.state).toBe("closed");
    const { lastPassAt } = await copying.account("anna");
    await waitFor(
      async () => (await copying.account("anna")).lastPassAt !== lastPassAt,
      "anna is copied again",
    );
  });

  it("gives message contents no faster than it is told to", async () => {
    const { copying } = await started({
      users: ["anna"],
      limit: 8,
      mail: letters(60, 20_000),
      copy: { bytesPerSecond: 400_000 },
    });
    const began = Date.now();
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 60 });
    // 1.2 MB at 0.4 MB/s.
    expect(Date.now() - began).toBeGreaterThanOrEqual(2_500);
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("has the first messages on the target while a large one still comes slowly", async () => {
    const mail = [...letters(10), ...letters(1, 3_000_000), ...letters(10)];
    const { copying } = await started({ users: ["anna"], limit: 8, mail, copy: { bytesPerSecond: 300_000 } });
    let ended = false;
    const passing = copying.pass("anna").finally(() => {
      ended = true;
    });
    const there = async () => (await copying.read("target", "anna")).get("INBOX")?.messages.length ?? 0;
    await waitFor(async () => ended || (await there()) >= 10, "the first messages on the target");
    expect(ended).toBe(false);
    expect(await copying.account("anna")).toMatchObject({ foldersTotal: 1, messagesTotal: 21 });
    const shown = async () => {
      const { messagesCopied, bytesCopied } = await copying.account("anna");
      return { messages: messagesCopied ?? 0, bytes: bytesCopied ?? 0 };
    };
    await waitFor(async () => ended || (await shown()).messages === 10, "they are shown as copied");
    await waitFor(
      async () => ended || (await shown()).bytes > 1_000_000,
      "octets of the large one are shown",
    );
    expect(ended).toBe(false);
    expect(await passing).toMatchObject({ kind: "done", copied: 21 });
    expect(await copying.differences("anna")).toEqual([]);
  });
});

import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { CANARY } from "../kit/canary.ts";
import { countsOf, mail } from "../kit/coexistence.ts";
import { expectOk, type ImapClient } from "../kit/imap-client.ts";
import { fillMailbox, readMailbox, type StoredMailbox } from "../kit/mailbox.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `serve-${CANARY}`;
const USER = `sara@${DOMAIN}`;
const PADDING = `${"x".repeat(70)}\r\n`.repeat(280);

/** 20 KB each: at 60 KB a second the first copy leaves time to do something. */
const large = (text: string) => {
  const small = mail(text);
  return { ...small, body: Buffer.concat([small.body, Buffer.from(PADDING)]) };
};

const digests = (mailbox: StoredMailbox, folder: string) =>
  mailbox
    .get(folder)
    ?.messages.map(({ sha256 }) => sha256)
    .sort();

describe("serve source-until-synced", () => {
  let platform: Platform;
  let remark = "";

  beforeAll(async () => {
    platform = await startPlatform({
      users: { sara: PASSWORD },
      config: { copy: { syncInterval: "1s", bytesPerSecond: "60K", pairsPerAccount: 1 } },
      source: { separator: "/" },
      target: { separator: "/" },
    });
    await fillMailbox(platform.source.endpoint(), USER, PASSWORD, {
      INBOX: Array.from({ length: 30 }, (_, at) => large(`letter ${at + 1}`)),
      Archive: [mail("archived")],
    });
    const { imbarco } = platform;
    remark = (await imbarco.cli(["domain", "set", DOMAIN, "--serve", "source-until-synced"])).stderr;
    await must(imbarco, ["domain", "set", DOMAIN, "--source-deletes", "trash"]);
  });

  afterAll(() => platform?.stop());

  const atSource = () => readMailbox(platform.source.endpoint(), USER, PASSWORD);
  const atTarget = async () => (await platform.bothSides("sara")).target;
  const account = () => platform.account("sara");

  /** Lifts the cap, as an administrator does for the night. */
  async function goFaster(): Promise<void> {
    const { imbarco } = platform;
    const config = parse(await readFile(imbarco.configFile, "utf8")) as { copy: { bytesPerSecond: null } };
    config.copy.bytesPerSecond = null;
    await writeFile(imbarco.configFile, stringify(config));
    process.kill(imbarco.pid ?? 0, "SIGHUP");
  }

  async function append(client: ImapClient, folder: string, text: string): Promise<void> {
    expectOk(await client.command(`APPEND ${folder} `, mail(text).body), "APPEND");
  }

  it("is shown by the commands, with a remark on what people delete at the source", async () => {
    expect(remark).toContain("--source-deletes trash");
    expect(await platform.imbarco.json(["domain", "show", DOMAIN])).toMatchObject({
      serve: "source-until-synced",
    });
    expect(await must(platform.imbarco, ["domain", "show", DOMAIN])).toMatch(
      /mail is read +at the source until/,
    );
    expect(await platform.imbarco.json(["domain", "list"])).toMatchObject([{ serve: "source-until-synced" }]);
  });

  it("lets users read all their mail at once, and brings over what they do with it meanwhile", async () => {
    const client = await platform.logIn("sara");
    const selected = expectOk(await client.command("SELECT INBOX"), "SELECT");
    expect(selected.untagged.map(({ text }) => text)).toContain("* 30 EXISTS");
    const shown = await platform.imbarco.json<{ connections: object }>(["domain", "show", DOMAIN]);
    expect(shown.connections).toMatchObject({ sessions: 1 });
    await waitFor(
      async () => (countsOf(await atTarget())["INBOX"] ?? 0) >= 4,
      "the first messages on the target",
    );
    expect(await account()).toMatchObject({ state: "copying", syncedAt: null });
    // Some of these have been copied already, the others not yet.
    expectOk(await client.command("UID STORE 1,30 +FLAGS (\\Seen \\Flagged)"), "STORE");
    expectOk(await client.command("UID STORE 2,29 +FLAGS (\\Deleted)"), "STORE");
    expectOk(await client.command("EXPUNGE"), "EXPUNGE");
    expectOk(await client.command("UID MOVE 3,28 Archive"), "MOVE");
    await append(client, "Archive", "written at the source");
    expect(countsOf(await atSource())).toEqual({ INBOX: 26, Archive: 4 });
    expect(await account()).toMatchObject({ syncedAt: null });
    await goFaster();
    await platform.synced("sara");
    client.close();

    const target = await waitFor(async () => {
      const now = await atTarget();
      const { INBOX, Archive, Trash = 0 } = countsOf(now);
      // In Trash is what was deleted when it had been copied already; the other letter has never been there.
      return INBOX === 26 && Archive === 4 && Trash > 0 ? now : null;
    }, "what the user did to arrive");
    const flagged = target.get("INBOX")?.messages.filter(({ flags }) => flags.includes("\\Flagged")) ?? [];
    expect(flagged).toHaveLength(2);
    expect(flagged.every(({ flags }) => flags.includes("\\Seen"))).toBe(true);
    const source = await atSource();
    for (const folder of ["INBOX", "Archive"])
      expect(digests(target, folder)).toEqual(digests(source, folder));
  });

  it("leads to the target from the next login on, and goes on following the source", async () => {
    const client = await platform.logIn("sara");
    await append(client, "INBOX", "written on the target");
    expect(countsOf(await atTarget())["INBOX"]).toBe(27);
    expect(countsOf(await atSource())["INBOX"]).toBe(26);
    const logins = platform.imbarco.logLines().filter(({ event }) => event === "login.ok");
    expect(logins.map(({ servedBy }) => servedBy)).toEqual(["source", undefined]);
    await fillMailbox(platform.source.endpoint(), USER, PASSWORD, { INBOX: [mail("delivered late")] });
    await waitFor(async () => countsOf(await atTarget())["INBOX"] === 28, "the late message");
    client.close();
  });
});

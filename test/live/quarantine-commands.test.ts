import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CANARY } from "../kit/canary.ts";
import type { CliResult } from "../kit/imbarco.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";
import { type RefusingRelay, startRefusingRelay, strictly } from "../kit/refusing-relay.ts";

const PASSWORD = `anna-${CANARY}`;
const ANNA = `anna@${DOMAIN}`;
const FOLDER = "Caffè & amici";
const VIRUS = "Subject: =?iso-8859-1?q?per=F2?= EICAR\r\n\r\nEICAR\r\n";
const REASON = "[CANNOT] Message contains a virus";

let platform: Platform;
let relay: RefusingRelay;

beforeAll(async () => {
  const place = { host: "127.0.0.1", port: 0 };
  relay = await startRefusingRelay(place, strictly);
  platform = await startPlatform({
    users: { anna: PASSWORD },
    via: { target: relay.port },
    targetTls: "none",
    onPorts: ({ target }) => {
      place.port = target;
    },
    config: { copy: { syncInterval: "1h" } },
  });
  const source = { ...platform.source.endpoint(), tls: "starttls" as const };
  await fillMailbox(source, ANNA, PASSWORD, {
    INBOX: [{ body: Buffer.from("Subject: sound\r\n\r\ntext\r\n") }],
    [FOLDER]: ["Subject: header\r\nX-Bad: x\r\n\r\ntext\r\n", VIRUS, VIRUS].map((text) => ({
      body: Buffer.from(text),
    })),
  });
  await must(platform.imbarco, ["migrate", ANNA, "--password-stdin", "--wait"], `${PASSWORD}\n`);
});

afterAll(async () => {
  await platform?.stop();
  await relay?.stop();
});

function run(...args: string[]): Promise<CliResult> {
  return platform.imbarco.cli(["quarantine", ...args]);
}

async function json(...args: string[]): Promise<unknown> {
  return JSON.parse((await run(...args, "--json")).stdout);
}

describe("imbarco quarantine", () => {
  test("lists what is not on the target, with the server's words, for one, for a domain and for all", async () => {
    const refused = {
      address: ANNA,
      folder: FOLDER,
      subject: "però EICAR",
      outcome: "refused",
      reason: REASON,
    };
    for (const words of [[], [DOMAIN], [ANNA]]) {
      expect(await json("list", ...words)).toMatchObject([
        { ...refused, uid: 2 },
        { ...refused, uid: 3 },
      ]);
    }
    expect(await json("list", ANNA, "--all")).toMatchObject([
      { uid: 1, outcome: "wrapped" },
      { uid: 2 },
      { uid: 3 },
    ]);
    const { stdout } = await run("list");
    expect(stdout).toMatch(
      /anna@example\.test\s+Caffè & amici\s+2 .* però EICAR\s+\[CANNOT\] Message contains a virus/,
    );
    expect((await run("list", "other.test")).status).toBe(1);
  });

  test("shows a message with the words of every step, and saves it as the source has it", async () => {
    const file = join(platform.imbarco.folder, "saved.eml");
    const { status, stdout } = await run("show", ANNA, FOLDER, "2", "--save", file);
    expect([status, await readFile(file, "latin1")]).toEqual([0, VIRUS]);
    expect(stdout).toMatch(/refused as it is +\[CANNOT\]/);
    expect(stdout).toMatch(/refused wrapped in a covering message +\[CANNOT\]/);
    expect(await json("show", ANNA, FOLDER, "1")).toMatchObject({
      outcome: "wrapped",
      targetFolder: FOLDER,
      steps: [{ step: "as-is", words: "Message contains invalid header" }],
    });
    expect((await run("show", ANNA, FOLDER, "2", "--save", file)).stderr).toContain(
      "there is such a file already",
    );
    expect((await run("show", ANNA, FOLDER, "9")).status).toBe(1);
    expect((await run("show", ANNA, FOLDER, "0")).status).toBe(2);
  });

  test("verify says what was stored otherwise than it was", async () => {
    const { stdout } = await platform.imbarco.cli(["verify", ANNA]);
    expect(stdout).toContain(
      `${FOLDER}: stored wrapped: 1, because the target refused the messages as they are: Message contains invalid header (1)`,
    );
  });

  test("tries again, and says what became of each; a success ends the attention", async () => {
    expect((await run("retry", ANNA, "--uid", "2")).status).toBe(2);
    expect((await run("retry", ANNA, "--folder", FOLDER, "--uid", "1")).status).toBe(1);
    expect((await run("show", ANNA, FOLDER, "2")).stdout).not.toContain("tried again");
    const again = await run("retry", ANNA, "--folder", FOLDER, "--uid", "2", "--wait");
    expect([again.status, again.stdout]).toEqual([1, expect.stringMatching(/refused again +\[CANNOT\]/)]);
    relay.refuse(() => null);
    expect(await json("retry", DOMAIN, "--wait")).toMatchObject([
      {
        address: ANNA,
        failure: null,
        messages: [
          { uid: 2, outcome: "stored" },
          { uid: 3, outcome: "stored" },
        ],
      },
    ]);
    expect(await platform.account("anna")).toMatchObject({ state: "synced", reason: null });
    expect((await run("retry", DOMAIN)).stdout).toContain("no message is in quarantine");
    expect(await json("list")).toEqual([]);
    const { source, target } = await platform.bothSides("anna");
    expect(target.get(FOLDER)?.messages).toHaveLength(source.get(FOLDER)?.messages.length ?? 0);
  });
});

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { CANARY } from "../kit/canary.ts";
import { differences, fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const KILLS = 10;
const PASSWORD = `kim-${CANARY}`;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ users: { kim: PASSWORD } });
  await fillMailbox({ ...platform.source.endpoint(), tls: "starttls" }, `kim@${DOMAIN}`, PASSWORD, {
    INBOX: letters(3000),
    Archive: letters(900),
    "Archive.Twins": twins(300),
  });
});

afterAll(() => platform?.stop());

/** Distinct messages; every fiftieth is large, so that a kill often falls into the middle of one. */
function letters(count: number) {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(
      `Message-ID: <${at}@letters.test>\r\nSubject: letter ${at}\r\n\r\n${"all work and no play\r\n".repeat(at % 50 === 0 ? 20_000 : 40)}`,
    ),
    flags: at % 3 === 0 ? ["\\Seen"] : [],
    internalDate: `${String((at % 28) + 1).padStart(2, "0")}-Mar-2021 10:${String(at % 60).padStart(2, "0")}:00 +0100`,
  }));
}

/** The same message many times over: what reconciliation finds hardest. */
function twins(count: number) {
  const body = Buffer.from("Message-ID: <same@twins.test>\r\nSubject: twin\r\n\r\nthe same\r\n");
  return Array.from({ length: count }, () => ({ body, internalDate: "01-Apr-2022 12:00:00 +0000" }));
}

it(`loses no message and doubles none when imbarco is killed ${KILLS} times in the middle of a batch`, async () => {
  (await platform.logIn("kim")).close();
  for (let kill = 0; kill < KILLS; kill += 1) {
    await batchesBegun(1 + (kill % 3));
    await platform.imbarco.kill9();
    await platform.imbarco.start();
  }
  await platform.synced("kim");
  const { source, target } = await platform.bothSides("kim");
  expect(differences(source, target)).toEqual([]);
});

/** Waits until the ledger shows the intent of that many further batches; the last of them is still under way. */
async function batchesBegun(count: number): Promise<void> {
  const database = openDatabase(join(platform.imbarco.folder, "data", "imbarco.db"), { readOnly: true });
  const store = sqliteStore(database);
  const begun = new Set<string>();
  try {
    await waitFor(
      async () => {
        const account = await store.accounts.get(`kim@${DOMAIN}`);
        if (account?.state === "synced") throw new Error("the copy is complete before the last kill");
        for (const intent of await store.ledger.intents(`kim@${DOMAIN}`))
          begun.add(`${intent.source} ${intent.sourceUids[0]}`);
        return begun.size >= count;
      },
      "batches under way",
      { everyMs: 1 },
    );
  } finally {
    await store.close();
  }
}

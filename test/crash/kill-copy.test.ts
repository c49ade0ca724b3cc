import { afterAll, beforeAll, expect, it } from "vitest";
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
    INBOX: letters(1500),
    Archive: letters(700),
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

it(`loses no message and doubles none when imbarco is killed ${KILLS} times in the middle of the copy`, async () => {
  (await platform.logIn("kim")).close();
  let copied = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Each life gets some way further, then dies between two looks: at a random point of a batch.
    copied = await waitFor(
      async () => {
        const account = await platform.account("kim");
        expect(account.state, "the copy must not be complete before the last kill").not.toBe("synced");
        const now = account.messagesCopied ?? 0;
      return now > copied ? now : 0;
      },
      `progress before kill ${kill + 1}`,
    );
    await platform.imbarco.kill9();
    await platform.imbarco.start();
  }
  await platform.synced("kim");
  const { source, target } = await platform.bothSides("kim");
  expect(differences(source, target)).toEqual([]);
});

import { expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { mail } from "../kit/coexistence.ts";
import { expectOk } from "../kit/imap-client.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `anna-${CANARY}`;

it("mail that is delivered to the old server shows up in an open session within seconds", async () => {
  // A pass by itself would come in an hour.
  const platform = await startPlatform({
    users: { anna: PASSWORD },
    config: { copy: { syncInterval: "1h" } },
  });
  try {
    const deliver = (text: string) =>
      fillMailbox(platform.source.endpoint(), `anna@${DOMAIN}`, PASSWORD, { INBOX: [mail(text)] });
    await deliver("before");
    const session = await platform.logIn("anna");
    await platform.synced("anna");
    expectOk(await session.command("SELECT INBOX"), "SELECT");
    const shown: string[] = [];
    for (const count of [2, 3, 4]) {
      await deliver(`news ${count}`);
      const uids = await waitFor(
        async () => {
          const { untagged } = expectOk(await session.command("UID SEARCH ALL"), "UID SEARCH");
          return untagged.map(({ text }) => text).find((text) => text.endsWith(` ${count}`));
        },
        `${count} messages in the open session`,
        { limitMs: 10_000, everyMs: 100 },
      );
      shown.push(uids);
    }
    expect(shown).toEqual(["* SEARCH 1 2", "* SEARCH 1 2 3", "* SEARCH 1 2 3 4"]);
  } finally {
    await platform.stop();
  }
});

import { test as base, expect } from "vitest";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { type Commands, commandsIn } from "./commands.ts";

const test = base.extend<{ imbarco: Commands }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  imbarco: async ({}, use) => {
    const folder = await makeTempFolder("cmd");
    await use(await commandsIn(folder));
    await removeTempFolder(folder);
  },
});

test("rules for folders are set, shown, replaced and taken back, and wrong ones are refused", async ({
  imbarco,
}) => {
  const add = ["domain", "add", "example.it", "--source", "mail.example.it"];
  const rules = ["--map", "Posta inviata=Sent", "--map", "A/B=C", "--exclude", "Öffentlich/*"];
  await imbarco.run(...add, ...rules, "--source-deletes", "trash");
  expect(await imbarco.json("domain", "show", "example.it")).toMatchObject({
    folderMap: [
      { from: "Posta inviata", to: "Sent" },
      { from: "A/B", to: "C" },
    ],
    exclude: ["Öffentlich/*"],
    sourceDeletes: "trash",
  });
  const shown = (await imbarco.run("domain", "show", "example.it")).stdout;
  expect(shown).toMatch(/^folder rule +Posta inviata → Sent$/m);
  expect(shown).toMatch(/^not copied +Öffentlich\/\*$/m);
  expect(shown).toMatch(/^deleted at the source +moved to Trash on the target$/m);

  const set = await imbarco.run("domain", "set", "example.it", "--map", "X=Y");
  expect(set).toMatchObject({ status: 0, stderr: expect.stringContaining("keep it") as string });
  expect(await imbarco.json("domain", "show", "example.it")).toMatchObject({
    folderMap: [{ from: "X", to: "Y" }],
    exclude: ["Öffentlich/*"],
  });
  const cleared = ["--no-map", "--no-exclude", "--source-deletes", "keep"];
  expect(await imbarco.json("domain", "set", "example.it", ...cleared)).toMatchObject({
    folderMap: [],
    exclude: [],
    sourceDeletes: "keep",
  });

  expect(await imbarco.run("domain", "set", "example.it", "--map", "no rule")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--map 'Old=New'") as string,
  });
});

test("an account shows which of its folders are called otherwise on the target", async ({ imbarco }) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it", "--map", "Old=New");
  await imbarco.run("users", "add", "mario@example.it");
  const head = { sourceUidValidity: 1, sourceUidNext: null, sourceMessages: null, sourceHighestModSeq: null };
  const store = imbarco.openStore();
  await store.ledger.begin("mario@example.it", 1);
  for (const [source, target] of [
    ["INBOX", "INBOX"],
    ["INBOX.Work", "Work"],
    ["INBOX.Old", "New"],
    ["INBOX.Entw&APw-rfe", "Drafts"],
  ] as const)
    await store.ledger.putFolder("mario@example.it", 1, { ...head, source, target, targetUidValidity: 1 });
  await store.close();
  expect(await imbarco.json("users", "show", "mario@example.it")).toMatchObject({
    renamedFolders: [
      { source: "INBOX.Entwürfe", target: "Drafts", reason: "special_use" },
      { source: "INBOX.Old", target: "New", reason: "rule" },
    ],
  });
  expect((await imbarco.run("users", "show", "mario@example.it")).stdout).toMatch(
    /^INBOX\.Old +New +by the domain's rule$/m,
  );
});

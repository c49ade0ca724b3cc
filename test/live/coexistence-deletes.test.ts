import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countsOf, deliver, mail, mails, manage } from "../kit/coexistence.ts";
import { type Copying, startCopying } from "../kit/copying.ts";

async function begin(user: string): Promise<Copying> {
  const copying = await startCopying({
    users: [user],
    target: { specialUse: { Trash: "\\Trash" } },
  });
  await deliver(copying, user, {
    INBOX: mails("inbox", 8),
    Work: mails("work", 3),
    Later: mails("later", 2),
  });
  expect(await copying.pass(user)).toMatchObject({ kind: "done", copied: 13 });
  return copying;
}

const DELETE_ALL = ["STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE"];
const deleteUids = (uids: string) => [`UID STORE ${uids} +FLAGS (\\Deleted)`, `UID EXPUNGE ${uids}`];

describe("messages that are deleted at the source", () => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await begin("anna");
  });

  afterAll(() => copying?.stop());

  const pass = () => copying.pass("anna");
  const target = async () => countsOf(await copying.read("target", "anna"));

  it("stay on the target, also where their whole folder goes", async () => {
    await copying.act("source", "anna", "INBOX", ...deleteUids("1:2"));
    await manage(copying, "source", "anna", "DELETE Work");
    for (let times = 0; times < 3; times += 1)
      expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await target()).toEqual({ INBOX: 8, Work: 3, Later: 2 });
  });

  it("go to Trash one pass later where the domain says so, but for those that their user has moved", async () => {
    await copying.deps.store.domains.update("example.test", { sourceDeletes: "trash" });
    // Those from before are known as deleted already.
    expect(await pass()).toMatchObject({ kind: "done" });
    expect(await target()).toEqual({ INBOX: 6, Later: 2, Trash: 5 });
    await copying.act("target", "anna", "INBOX", "UID MOVE 3 Work");
    await copying.act("source", "anna", "INBOX", ...deleteUids("3:5"));
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await target()).toEqual({ INBOX: 5, Work: 1, Later: 2, Trash: 5 });
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await target()).toEqual({ INBOX: 3, Work: 1, Later: 2, Trash: 7 });
  });

  it("are only marked as deleted and not yet gone: nothing is done", async () => {
    await copying.act("source", "anna", "INBOX", "UID STORE 6 +FLAGS (\\Deleted)");
    for (let times = 0; times < 2; times += 1)
      expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    const inbox = (await copying.read("target", "anna")).get("INBOX")?.messages;
    expect(inbox?.map(({ flags }) => flags)).toEqual([["\\Deleted"], [], []]);
  });

  it("do not come back when their user empties Trash on the target", async () => {
    await copying.act("target", "anna", "Trash", ...DELETE_ALL);
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await target()).toEqual({ INBOX: 3, Work: 1, Later: 2 });
  });

  it("and were put back at the source from elsewhere come as new ones", async () => {
    await deliver(copying, "anna", { INBOX: [mail("inbox 1")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(await target()).toEqual({ INBOX: 4, Work: 1, Later: 2 });
  });
});

describe("a target without a folder for deleted messages", () => {
  it("gets one", async () => {
    const copying = await startCopying({ users: ["bruno"] });
    try {
      await deliver(copying, "bruno", { INBOX: mails("inbox", 3) });
      await copying.deps.store.domains.update("example.test", { sourceDeletes: "trash" });
      expect(await copying.pass("bruno")).toMatchObject({ kind: "done", copied: 3 });
      await copying.act("source", "bruno", "INBOX", ...deleteUids("2"));
      for (let times = 0; times < 2; times += 1)
        expect(await copying.pass("bruno")).toMatchObject({ kind: "done", copied: 0 });
      const target = await copying.read("target", "bruno");
      expect(countsOf(target)).toEqual({ INBOX: 2, Trash: 1 });
      expect(target.get("Trash")?.subscribed).toBe(true);
    } finally {
      await copying.stop();
    }
  });
});

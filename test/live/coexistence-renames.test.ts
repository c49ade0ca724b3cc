import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countsOf, deliver, mail, mails, manage } from "../kit/coexistence.ts";
import { type Copying, startCopying } from "../kit/copying.ts";

describe("folders that change their names", () => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna"], source: { separator: "/" } });
    await deliver(copying, "anna", {
      INBOX: mails("inbox", 2),
      "Work/2020/Rome": mails("rome", 3),
      "Work/2021": mails("work 2021", 2),
      Private: mails("private", 3),
      Lists: mails("lists", 2),
      Sent: mails("sent", 2),
    });
    await copying.pass("anna");
  });

  afterAll(() => copying?.stop());

  const pass = () => copying.pass("anna");
  const target = () => copying.read("target", "anna");

  it("at the source are renamed on the target, with those below and messages that are new", async () => {
    const uids = (await target()).get("Private")?.messages.map(({ uid }) => uid);
    await manage(copying, "source", "anna", "RENAME Private Personal", "RENAME Work Clients");
    await deliver(copying, "anna", { Personal: [mail("new one")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(await copying.differences("anna")).toEqual([]);
    const after = await target();
    expect(after.get("Personal")?.messages.map(({ uid }) => uid)).toEqual([...(uids ?? []), 4]);
    expect(after.get("Personal")?.subscribed).toBe(true);
    expect([...after.keys()].filter((name) => /^(Private|Work)/.test(name))).toEqual([]);
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
  });

  it("at the source keep the name that their user has given them on the target", async () => {
    await manage(copying, "target", "anna", "RENAME Lists Newsletters");
    await deliver(copying, "anna", { Lists: [mail("lists 3")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await target())).toMatchObject({ Newsletters: 3, INBOX: 2 });
    await manage(copying, "source", "anna", "RENAME Lists Old-lists");
    await deliver(copying, "anna", { "Old-lists": [mail("lists 4")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await target())).toMatchObject({ Newsletters: 4, INBOX: 2 });
    await copying.act("source", "anna", "Old-lists", "UID STORE 1 +FLAGS (\\Answered)");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect((await target()).get("Newsletters")?.messages[0]?.flags).toEqual(["\\Answered"]);
  });

  it("at the source to one that the target has already go on under their own name there", async () => {
    await manage(copying, "target", "anna", "CREATE Taken");
    await copying.act("target", "anna", "INBOX", "UID COPY 1 Taken");
    await manage(copying, "source", "anna", "RENAME Personal Taken");
    await deliver(copying, "anna", { Taken: [mail("for taken")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await target())).toMatchObject({ Personal: 5, Taken: 1 });
  });

  it("and are deleted on the target stay gone; what is new in them goes to INBOX", async () => {
    await manage(copying, "target", "anna", "DELETE Clients.2021");
    await deliver(copying, "anna", { "Clients/2021": [mail("work after")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await target())).toMatchObject({ INBOX: 3 });
    // A message that moves out of it at the source was copied once, and does not come back.
    await copying.act("source", "anna", "Clients/2021", "UID MOVE 1 Sent");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await target())).toMatchObject({ INBOX: 3, Sent: 2 });
  });

  it("and are made anew on the target get only what was never copied", async () => {
    await manage(copying, "target", "anna", "DELETE Clients.2020.Rome", "CREATE Clients.2020.Rome");
    await deliver(copying, "anna", { "Clients/2020/Rome": [mail("rome 4")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await target())["Clients/2020/Rome"]).toBe(1);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countsOf, deliver, mail, mails, manage } from "../kit/coexistence.ts";
import { type Copying, startCopying } from "../kit/copying.ts";

/** What a source can say of changes: all, flags only, nothing. */
const SOURCES = {
  "with QRESYNC": {},
  "with CONDSTORE only": { config: capabilities("CONDSTORE ESEARCH LIST-EXTENDED") },
  "that says nothing of changes": { config: capabilities("") },
};

function capabilities(more: string): string {
  return `imap_capability = IMAP4rev1 SASL-IR LITERAL+ ID ENABLE UNSELECT CHILDREN NAMESPACE UIDPLUS ${more}\n`;
}

describe.each(Object.entries(SOURCES))("moves at a source %s", (_, source) => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna"], source });
    await deliver(copying, "anna", {
      INBOX: mails("inbox", 12),
      Work: mails("work", 3),
      Private: [],
    });
    await copying.pass("anna");
  });

  afterAll(() => copying?.stop());

  const pass = () => copying.pass("anna");
  const target = () => copying.read("target", "anna");

  it("are followed on the target, and nothing is copied again", async () => {
    const before = (await target()).get("Work")?.messages.map(({ uid }) => uid) ?? [];
    await copying.act("source", "anna", "INBOX", "UID STORE 1 +FLAGS (\\Flagged)", "UID MOVE 1:2 Work");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await copying.differences("anna")).toEqual([]);
    // The others of that folder were not touched.
    expect((await target()).get("Work")?.messages.map(({ uid }) => uid)).toEqual([...before, 4, 5]);
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
  });

  it("into a folder that is new are followed as well, and so is the way back", async () => {
    await manage(copying, "source", "anna", "CREATE Projects");
    await copying.act("source", "anna", "INBOX", "UID MOVE 3:4 Projects");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await copying.differences("anna")).toEqual([]);
    await copying.act("source", "anna", "Projects", "UID MOVE 1 INBOX");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("of a message that its user has moved or deleted on the target leave it as it is", async () => {
    await copying.act(
      "target",
      "anna",
      "INBOX",
      "UID MOVE 5 Private",
      "UID STORE 6 +FLAGS (\\Deleted)",
      "UID EXPUNGE 6",
    );
    await copying.act("source", "anna", "INBOX", "UID MOVE 5:6 Work");
    const before = countsOf(await target());
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await target())).toEqual(before);
    // Nor do they come later, wherever they go.
    await copying.act("source", "anna", "Work", "UID MOVE 6:7 Projects");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await target())).toEqual(before);
  });

  it("are told from copies: those are new messages", async () => {
    await copying.act("source", "anna", "INBOX", "UID COPY 7 Work");
    expect(await pass()).toMatchObject({ kind: "done", copied: 1 });
    const [before] = [countsOf(await target())];
    await copying.act("source", "anna", "INBOX", "UID STORE 7 +FLAGS (\\Deleted)", "EXPUNGE");
    expect(await pass()).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await target())).toEqual(before);
  });

  it("go along with new mail, and with messages without Message-ID that look alike", async () => {
    const nameless = ["one", "two"].map((text) => ({
      ...mail("cron"),
      body: Buffer.from(`Subject: cron\r\n\r\n${text}\r\n`),
    }));
    await deliver(copying, "anna", { INBOX: nameless });
    expect(await pass()).toMatchObject({ kind: "done", copied: 2 });
    const uids = (await copying.read("source", "anna")).get("INBOX")?.messages.slice(-2);
    await copying.act("source", "anna", "INBOX", `UID MOVE ${uids?.[1]?.uid} Private`);
    await deliver(copying, "anna", { INBOX: [mail("late")], Private: [mail("later")] });
    expect(await pass()).toMatchObject({ kind: "done", copied: 2 });
    const hashes = async (side: "source" | "target") =>
      (await copying.read(side, "anna"))
        .get("INBOX")
        ?.messages.slice(-2)
        .map(({ sha256 }) => sha256);
    expect(await hashes("target")).toEqual(await hashes("source"));
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { countsOf, deliver, mail, mails, manage } from "../kit/coexistence.ts";
import { type Copying, startCopying } from "../kit/copying.ts";

/** Small batches, so that there are moments in which a user can do something. */
const MANY = 250;

describe("while the first copy goes on", () => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna"], copy: { pairsPerAccount: 1 } });
    await deliver(copying, "anna", {
      INBOX: mails("inbox", 60),
      Archive: mails("archive", MANY),
      Zoo: mails("zoo", 3),
    });
  });

  afterAll(() => copying?.stop());

  /** A pass; `deed` is done at the first batch that is recorded after `when` holds. */
  async function passWith(when: () => Promise<boolean>, deed: () => Promise<void>): Promise<void> {
    const under: { way: Promise<void> | null } = { way: null };
    const onBatch = () => {
      under.way ??= when().then(async (holds) => {
        if (holds) await deed();
        else under.way = null;
      });
    };
    const outcome = await copyNow({ ...copying.deps, onBatch }, copying.address("anna"));
    expect(outcome).toMatchObject({ kind: "done" });
    await (under.way ?? deed());
  }

  const target = () => copying.read("target", "anna");

  it("what the user reads, flags, deletes, moves and makes on the target stays as it is", async () => {
    const inboxIsThere = async () => (countsOf(await target())["INBOX"] ?? 0) >= 50;
    await passWith(inboxIsThere, async () => {
      await manage(copying, "target", "anna", "CREATE Mine");
      await copying.act(
        "target",
        "anna",
        "INBOX",
        "UID STORE 1:3 +FLAGS (\\Seen)",
        "UID STORE 2 +FLAGS (\\Flagged)",
        "UID MOVE 4:5 Mine",
        "UID STORE 6:7 +FLAGS (\\Deleted)",
        "UID EXPUNGE 6:7",
      );
      await copying.act("source", "anna", "INBOX", "UID STORE 60 +FLAGS (\\Answered)");
    });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await target())).toEqual({ INBOX: 56, Mine: 2, Archive: MANY, Zoo: 3 });
    const inbox = (await target()).get("INBOX")?.messages ?? [];
    const flagsOf = (uid: number) => inbox.find((message) => message.uid === uid)?.flags;
    expect([flagsOf(1), flagsOf(2), flagsOf(3)]).toEqual([["\\Seen"], ["\\Flagged", "\\Seen"], ["\\Seen"]]);
    expect(inbox.filter(({ flags }) => flags.includes("\\Answered"))).toHaveLength(1);
  });

  it("what happens at the source and on the target between passes and during them comes to rest without loss", async () => {
    await deliver(copying, "anna", { Archive: mails("more", 120), Zoo: [mail("zoo 4")] });
    const someArrived = async () => (countsOf(await target())["Archive"] ?? 0) > MANY;
    await passWith(someArrived, async () => {
      await copying.act("source", "anna", "INBOX", "UID MOVE 10:12 Zoo");
      await copying.act("source", "anna", "Zoo", "UID STORE 1 +FLAGS (\\Flagged)", "UID COPY 2 INBOX");
      await manage(copying, "target", "anna", "RENAME Zoo Garden");
      await copying.act("target", "anna", "Archive", "UID STORE 1:2 +FLAGS (\\Deleted)", "UID EXPUNGE 1:2");
    });
    for (let times = 0; times < 2; times += 1)
      expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    const counts = countsOf(await target());
    expect(counts["Archive"]).toBe(MANY + 120 - 2);
    expect((counts["INBOX"] ?? 0) + (counts["Garden"] ?? 0) + (counts["Mine"] ?? 0)).toBe(60 - 2 + 4 + 1);
    expect(counts["Zoo"]).toBeUndefined();
  });
});

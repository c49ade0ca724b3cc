import { describe, expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { countsOf, deliver, mail, mails, manage } from "../kit/coexistence.ts";
import { type Copying, type CopyingOptions, startCopying } from "../kit/copying.ts";
import type { MessageToStore } from "../kit/mailbox.ts";

/** A source that says the state of its folders along with their list, and one that is asked for each. */
const SOURCES = {
  "with LIST-STATUS": {},
  "without LIST-STATUS": {
    config:
      "imap_capability = IMAP4rev1 SASL-IR LITERAL+ ID ENABLE UNSELECT CHILDREN NAMESPACE UIDPLUS CONDSTORE\n",
  },
};

async function withCopying(
  folders: Readonly<Record<string, readonly MessageToStore[]>>,
  work: (copying: Copying) => Promise<void>,
  options: Partial<CopyingOptions> = {},
): Promise<void> {
  const copying = await startCopying({ users: ["anna"], ...options });
  try {
    await deliver(copying, "anna", folders);
    await work(copying);
  } finally {
    await copying.stop();
  }
}

describe.each(Object.entries(SOURCES))("at a source %s", (_, source) => {
  it("a folder that is renamed and made anew at once is not copied again", async () => {
    const folders = { INBOX: mails("inbox", 2), Work: mails("work", 5) };
    await withCopying(
      folders,
      async (copying) => {
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
        await manage(copying, "source", "anna", "RENAME Work Work-2020", "CREATE Work");
        await deliver(copying, "anna", { Work: mails("this year", 2), "Work-2020": [mail("late")] });
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 3 });
        expect(await copying.differences("anna")).toEqual([]);
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
      },
      { source },
    );
  });

  it("two folders that change their names with one another are not copied again", async () => {
    const folders = { INBOX: mails("inbox", 2), Alpha: mails("alpha", 4), Beta: mails("beta", 3) };
    await withCopying(
      folders,
      async (copying) => {
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 9 });
        await manage(copying, "source", "anna", "RENAME Alpha Tmp", "RENAME Beta Alpha", "RENAME Tmp Beta");
        await deliver(copying, "anna", { Beta: [mail("alpha 5")] });
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
        await copying.act("source", "anna", "Beta", "UID STORE 1 +FLAGS (\\Flagged)");
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
        // What they are called on the target may stay, but every message is there once, and goes on being followed.
        const target = await copying.read("target", "anna");
        expect(Object.values(countsOf(target)).toSorted((a, b) => a - b)).toEqual([2, 3, 5]);
        const flagged = [...target].filter(([, { messages }]) =>
          messages.some(({ flags }) => flags.includes("\\Flagged")),
        );
        expect(flagged.map(([, { messages }]) => messages.length)).toEqual([5]);
      },
      { source },
    );
  });
});

it("a folder that is emptied into another, deleted and made anew leaves one copy of each message", async () => {
  await withCopying({ INBOX: mails("inbox", 2), Work: mails("work", 5), Old: [] }, async (copying) => {
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
    await copying.act("source", "anna", "Work", "UID MOVE 1:5 Old");
    await manage(copying, "source", "anna", "DELETE Work", "CREATE Work");
    await deliver(copying, "anna", { Work: [mail("new work")] });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    expect(await copying.differences("anna")).toEqual([]);
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
  });
});

it("messages of a folder that was made anew without them count as deleted", async () => {
  await withCopying({ INBOX: mails("inbox", 2), Work: mails("work", 5) }, async (copying) => {
    await copying.deps.store.domains.update("example.test", { sourceDeletes: "trash" });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
    await manage(copying, "source", "anna", "DELETE Work", "CREATE Work");
    await deliver(copying, "anna", { Work: [mail("new work")] });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 2, Work: 6 });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 2, Work: 1, Trash: 5 });
  });
});

describe("a first copy that was interrupted", () => {
  /** Stops behind so many recorded batches. */
  async function interrupt(copying: Copying, batches: number): Promise<void> {
    const stop = new AbortController();
    let left = batches;
    const onBatch = () => {
      left -= 1;
      if (left <= 0) stop.abort();
    };
    const outcome = await copyNow({ ...copying.deps, onBatch }, copying.address("anna"), stop.signal);
    expect(outcome).toEqual({ kind: "stopped" });
  }
  const folders = {
    INBOX: mails("inbox", 5),
    Alpha: mails("alpha", 700),
    Beta: mails("beta", 700),
    Gamma: mails("gamma", 3),
  };
  const copied = async (copying: Copying) => countsOf(await copying.read("target", "anna"));

  it("goes on under the new name of a folder that was renamed at the source", async () => {
    await withCopying(
      folders,
      async (copying) => {
        await interrupt(copying, 2);
        expect((await copied(copying))["Alpha"]).toBeGreaterThan(0);
        await manage(copying, "source", "anna", "RENAME Alpha First");
        expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
        expect(await copying.differences("anna")).toEqual([]);
      },
      { copy: { pairsPerAccount: 1 } },
    );
  });

  it("goes on into a folder that its user has renamed on the target", async () => {
    await withCopying(
      folders,
      async (copying) => {
        await interrupt(copying, 2);
        await manage(copying, "target", "anna", "RENAME Alpha Mine");
        expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
        expect(await copied(copying)).toEqual({ INBOX: 5, Mine: 700, Beta: 700, Gamma: 3 });
      },
      { copy: { pairsPerAccount: 1 } },
    );
  });

  it("follows what has been moved at the source since", async () => {
    await withCopying(
      folders,
      async (copying) => {
        await interrupt(copying, 2);
        await copying.act("source", "anna", "INBOX", "UID MOVE 1:2 Gamma");
        await copying.act("source", "anna", "Alpha", "UID MOVE 1:100 Beta");
        expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
        expect(await copying.differences("anna")).toEqual([]);
        expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
      },
      { copy: { pairsPerAccount: 1 } },
    );
  });
});

it("sent mail of last year that is put away by renaming the folder goes along, and Sent stays where mail programs look for it", async () => {
  const specialUse = { Sent: "\\Sent" };
  await withCopying(
    { INBOX: mails("inbox", 2), Sent: mails("sent", 5) },
    async (copying) => {
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
      await manage(copying, "source", "anna", "RENAME Sent Sent-2020");
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
      await deliver(copying, "anna", { Sent: mails("this year", 2), "Sent-2020": [mail("late")] });
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 3 });
      expect(await copying.differences("anna")).toEqual([]);
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    },
    { source: { specialUse }, target: { specialUse } },
  );
});

it("a folder that gets a name which the domain excludes is not taken for deleted, and goes on when it comes back", async () => {
  await withCopying({ INBOX: mails("inbox", 2), Work: mails("work", 5) }, async (copying) => {
    await copying.deps.store.domains.update("example.test", { sourceDeletes: "trash", exclude: ["Old*"] });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
    await manage(copying, "source", "anna", "RENAME Work Old-work");
    for (let times = 0; times < 3; times += 1)
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 2, Work: 5 });
    await manage(copying, "source", "anna", "RENAME Old-work Work");
    await deliver(copying, "anna", { Work: [mail("new work")] });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    expect(await copying.differences("anna")).toEqual([]);
  });
});

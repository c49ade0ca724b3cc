import { expect, it } from "vitest";
import type { CopyDeps } from "../../src/copy/deps.ts";
import { copyNow } from "../../src/copy/now.ts";
import { countsOf, deliver, mails, manage } from "../kit/coexistence.ts";
import { type Copying, startCopying } from "../kit/copying.ts";

/** The same, but for one write of the ledger, before which the process dies as it were. */
function dyingBefore(deps: CopyDeps, write: "record" | "recordAll" | "renameFolder" | "intend"): CopyDeps {
  const dies = async (): Promise<never> => {
    throw new Error("the process is dead");
  };
  const ledger = { ...deps.store.ledger, [write]: dies };
  return { ...deps, store: { ...deps.store, ledger } };
}

async function withCopying(work: (copying: Copying) => Promise<void>): Promise<void> {
  const copying = await startCopying({ users: ["anna"] });
  try {
    await deliver(copying, "anna", { INBOX: mails("inbox", 5), Work: mails("work", 3) });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 8 });
    await work(copying);
  } finally {
    await copying.stop();
  }
}

it.each(["recordAll", "intend"] as const)(
  "a move that is followed and interrupted before %s is neither lost nor copied",
  async (write) => {
    await withCopying(async (copying) => {
      await copying.act("source", "anna", "INBOX", "UID MOVE 2:3 Work");
      const outcome = await copyNow(dyingBefore(copying.deps, write), copying.address("anna"));
      expect(outcome).toMatchObject({ kind: "failed" });
      // Moved already where only the record is missing.
      const moved = write === "recordAll" ? 2 : 0;
      const between = countsOf(await copying.read("target", "anna"));
      expect(between).toEqual({ INBOX: 5 - moved, Work: 3 + moved });
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
      expect(await copying.differences("anna")).toEqual([]);
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    });
  },
);

it("a renamed folder that is followed and interrupted goes on under its new name", async () => {
  await withCopying(async (copying) => {
    await manage(copying, "source", "anna", "RENAME Work Clients");
    const outcome = await copyNow(dyingBefore(copying.deps, "renameFolder"), copying.address("anna"));
    expect(outcome).toMatchObject({ kind: "failed" });
    expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 5, Clients: 3 });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(await copying.differences("anna")).toEqual([]);
  });
});

it.each(["source", "target"] as const)(
  "mail that was on its way when the process died is not stored again in a folder that was renamed at the %s since",
  async (side) => {
    await withCopying(async (copying) => {
      await deliver(copying, "anna", { Work: mails("late", 2) });
      await copyNow(dyingBefore(copying.deps, "record"), copying.address("anna"));
      expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 5, Work: 5 });
      await manage(copying, side, "anna", "RENAME Work Clients");
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
      expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 5, Clients: 5 });
    });
  },
);

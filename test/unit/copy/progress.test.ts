import { describe, expect, it } from "vitest";
import { ProgressMeter } from "../../../src/copy/progress.ts";
import type { Progress } from "../../../src/model/account.ts";
import type { LedgerEntry } from "../../../src/model/ledger.ts";

function meter() {
  const written: Partial<Progress>[] = [];
  const clock = { now: () => time.now };
  const time = { now: 0 };
  return {
    time,
    written,
    progress: new ProgressMeter(clock, async (progress) => {
      written.push(progress);
    }),
  };
}

function record(...sizes: number[]) {
  const entries = sizes.map((size, at): [number, LedgerEntry] => [
    at,
    { sourceUid: at, targetUid: at, flags: [], internalDate: 0, size, refusal: null },
  ]);
  const head = {
    source: "a",
    sourceUidValidity: 1,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target: "a",
    targetUidValidity: 1,
  };
  return { head, entries: new Map(entries) };
}

describe("ProgressMeter", () => {
  it("never shows more than there is, though the ledger knows what the source has deleted", () => {
    const { progress } = meter();
    progress.setTotal("a", { messages: 1, bytes: 10 }, record(10, 10, 10));
    progress.setTotal("b", { messages: 2, bytes: 20 }, undefined);
    progress.totalsAreKnown();
    progress.addCopied("b", 1, 12);
    expect(progress.sum()).toMatchObject({
      messagesTotal: 3,
      messagesCopied: 2,
      bytesTotal: 30,
      bytesCopied: 22,
    });
  });

  it("counts the newest mail, which is copied before anybody knows how much there is", () => {
    const { progress } = meter();
    progress.addCopied("a", 2, 20);
    expect(progress.sum()).toMatchObject({ messagesTotal: null, messagesCopied: 2, bytesCopied: 20 });
    progress.setTotal("a", { messages: 5, bytes: 50 }, record(10, 10));
    progress.totalsAreKnown();
    progress.addCopied("a", 1, 10);
    expect(progress.sum()).toMatchObject({ messagesTotal: 5, messagesCopied: 3, bytesCopied: 30 });
  });

  it("knows the octets of a source that does not say them once all is listed", () => {
    const { progress } = meter();
    progress.setTotal("a", { messages: 2, bytes: null }, undefined);
    progress.totalsAreKnown();
    expect(progress.sum()).toMatchObject({ foldersDone: 0, bytesTotal: null });
    progress.setDone("a", { messages: 2, bytes: 33 });
    expect(progress.sum()).toMatchObject({ foldersDone: 1, bytesTotal: 33 });
  });

  it("writes a few times a second at most", async () => {
    const { progress, written, time } = meter();
    await progress.show(() => 0);
    await progress.show(() => 0);
    time.now = 1_000;
    await progress.show(() => 3);
    expect(written.map((one) => one.quarantined)).toEqual([0, 3]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PROGRESS_WRITE_MS } from "../../../src/copy/limits.ts";
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

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

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

  it("writes what came a moment after the last writing by itself, and not only when more is copied", async () => {
    const { progress, written } = meter();
    await progress.showNow(0);
    progress.addCopied("a", 10, 100);
    await progress.show(() => 0);
    await progress.show(() => 0);
    expect(written).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(PROGRESS_WRITE_MS);
    expect(written).toHaveLength(2);
    expect(written[1]).toMatchObject({ messagesCopied: 10, bytesCopied: 100 });
  });

  it("writes nothing by itself any more when it has ended", async () => {
    const { progress, written } = meter();
    await progress.showNow(0);
    await progress.show(() => 0);
    progress.end();
    await vi.advanceTimersByTimeAsync(PROGRESS_WRITE_MS);
    expect(written).toHaveLength(1);
  });

  it("ends no copy when the store does not take it, and tries again at the next occasion", async () => {
    const time = { now: 0 };
    const wishes: boolean[] = [];
    const progress = new ProgressMeter({ now: () => time.now }, async () => {
      wishes.push(true);
      if (wishes.length === 2) throw new Error("disk full");
    });
    await progress.showNow(0);
    await progress.show(() => 0);
    await vi.advanceTimersByTimeAsync(PROGRESS_WRITE_MS);
    expect(wishes).toHaveLength(2);
    await progress.show(() => 0);
    expect(wishes).toHaveLength(3);
  });

  it("counts the octets of a message that is half on its way, and never twice", () => {
    const { progress } = meter();
    progress.setTotal("a", { messages: 2, bytes: 150 }, undefined);
    progress.totalsAreKnown();
    progress.addUnderWay("a", 7, 30);
    progress.addUnderWay("a", 7, 30);
    expect(progress.sum()).toMatchObject({ messagesCopied: 0, bytesCopied: 60 });
    progress.endUnderWay("a", [{ uid: 7 }]);
    progress.addCopied("a", 1, 100);
    expect(progress.sum()).toMatchObject({ messagesCopied: 1, bytesCopied: 100 });
    progress.addUnderWay("a", 8, 30);
    progress.endUnderWay("a", [{ uid: 8 }]);
    expect(progress.sum()).toMatchObject({ messagesCopied: 1, bytesCopied: 100 });
  });
});

import { describe, expect, it } from "vitest";
import { cutBatches, halve, nextWindow, type UidWindow } from "../../../src/copy/batches.ts";

const MEGABYTE = 1024 * 1024;

describe("nextWindow", () => {
  it("begins small at the newest mail, doubles, and ends at UID 1", () => {
    const windows: UidWindow[] = [];
    let below = 1_000;
    let previous: { window: UidWindow; messages: number } | null = null;
    for (let window = nextWindow(below, previous); window; window = nextWindow(below, previous)) {
      windows.push(window);
      previous = { window, messages: window.last - window.first + 1 };
      below = window.first;
    }
    expect(windows[0]).toEqual({ first: 950, last: 999 });
    expect(windows[1]).toEqual({ first: 850, last: 949 });
    expect(windows.at(-1)?.first).toBe(1);
    expect(windows.length).toBeLessThan(7);
  });

  it("crosses the whole range of UIDs in few steps where a folder uses few of them", () => {
    let below = 2 ** 32 - 1;
    let previous: { window: UidWindow; messages: number } | null = null;
    let steps = 0;
    for (let window = nextWindow(below, previous); window; window = nextWindow(below, previous)) {
      previous = { window, messages: 0 };
      below = window.first;
      steps += 1;
    }
    expect(steps).toBeLessThan(40);
  });
});

describe("cutBatches", () => {
  it("bounds batches by count and by octets, and gives a large message one of its own", () => {
    const many = Array.from({ length: 250 }, () => ({ size: 10 }));
    expect(cutBatches(many).map((batch) => batch.length)).toEqual([100, 100, 50]);
    const large = [{ size: 5 * MEGABYTE }, { size: 2 * MEGABYTE }, { size: 30 * MEGABYTE }, { size: 1 }];
    expect(cutBatches(large).map((batch) => batch.length)).toEqual([2, 1, 1]);
  });
});

describe("halve", () => {
  it("gives both halves of several and the one of one", () => {
    expect(halve([1, 2, 3])).toEqual([[1, 2], [3]]);
    expect(halve([1])).toEqual([[1]]);
    expect(halve([])).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { cutWaves, halve, type UidWindow, waveOctets } from "../../../../src/copy/lanes/batches.ts";
import { WindowCursor } from "../../../../src/copy/lanes/window-cursor.ts";

const MEGABYTE = 1024 * 1024;

/** All windows of a folder in which every UID from 1 to `exists` is in use. */
function windowsOf(cursor: WindowCursor): UidWindow[] {
  const windows: UidWindow[] = [];
  for (let window = cursor.next(); window; window = cursor.next()) {
    windows.push(window);
    cursor.noteListed(window, window.last - window.first + 1);
  }
  return windows;
}

describe("the windows of a folder", () => {
  it("begin small at the newest mail, grow, and end at UID 1", () => {
    const windows = windowsOf(new WindowCursor({ exists: 20_000, uidNext: 20_001 }, "newest-first", 50));
    expect(windows[0]).toEqual({ first: 19_951, last: 20_000 });
    expect(windows[1]).toEqual({ first: 19_551, last: 19_950 });
    expect(windows.at(-1)?.first).toBe(1);
    expect(windows.length).toBeLessThan(8);
  });

  it("begin at the oldest mail where arrival order is to be kept", () => {
    const windows = windowsOf(new WindowCursor({ exists: 500, uidNext: 501 }, "oldest-first", 400));
    expect(windows).toEqual([
      { first: 1, last: 400 },
      { first: 401, last: 500 },
    ]);
  });

  it.each(["newest-first", "oldest-first"] as const)("give every UID once, %s", (order) => {
    const windows = windowsOf(new WindowCursor({ exists: 9_999, uidNext: 10_000 }, order, 7));
    const sorted = windows.toSorted((a, b) => a.first - b.first);
    expect(sorted[0]?.first).toBe(1);
    expect(sorted.at(-1)?.last).toBe(9_999);
    const ends = sorted.slice(0, -1).map(({ last }) => last + 1);
    expect(sorted.slice(1).map(({ first }) => first)).toEqual(ends);
  });

  it("cross the whole range of UIDs in few steps where a folder uses few of them", () => {
    const cursor = new WindowCursor({ exists: 1, uidNext: 2 ** 32 - 1 }, "newest-first", 50);
    let steps = 0;
    for (let window = cursor.next(); window; window = cursor.next()) {
      cursor.noteListed(window, 0);
      steps += 1;
    }
    expect(steps).toBeLessThan(20);
  });

  it("end when all messages have been seen, and there are none of an empty folder", () => {
    const cursor = new WindowCursor({ exists: 3, uidNext: 1_000 }, "newest-first", 50);
    const window = cursor.next();
    if (window) cursor.noteListed(window, 3);
    expect(cursor.next()).toBeNull();
    expect(new WindowCursor({ exists: 0, uidNext: 77 }, "newest-first", 50).next()).toBeNull();
  });
});

describe("cutWaves", () => {
  it("bounds waves by count and by octets, and gives a large message one of its own", () => {
    const many = Array.from({ length: 2_500 }, () => ({ size: 10 }));
    expect(cutWaves(many).map((wave) => wave.length)).toEqual([1_000, 1_000, 500]);
    const large = [{ size: 40 * MEGABYTE }, { size: 20 * MEGABYTE }, { size: 90 * MEGABYTE }, { size: 1 }];
    expect(cutWaves(large).map((wave) => wave.length)).toEqual([2, 1, 1]);
    expect(cutWaves(many, 50).map((wave) => wave.length)).toEqual(Array.from({ length: 500 }, () => 5));
    expect(cutWaves(large, 50).map((wave) => wave.length)).toEqual([1, 1, 1, 1]);
  });
});

describe("halve", () => {
  it("gives both halves of several and the one of one", () => {
    expect(halve([1, 2, 3])).toEqual([[1, 2], [3]]);
    expect(halve([1])).toEqual([[1]]);
    expect(halve([])).toEqual([]);
  });
});

describe("the octets of a wave", () => {
  const FULL = 64 * MEGABYTE;

  it("are as many as ever while nobody knows how fast the source is, and where it is fast", () => {
    expect(waveOctets(null, { octets: 0, ms: 0 })).toBe(FULL);
    expect(waveOctets(null, { octets: 1_000, ms: 900 })).toBe(FULL);
    expect(waveOctets(null, { octets: 40 * MEGABYTE, ms: 2_000 })).toBe(FULL);
  });

  it("are those of four seconds where it is slow", () => {
    expect(waveOctets(null, { octets: 10 * MEGABYTE, ms: 10_000 })).toBe(4 * MEGABYTE);
  });

  it("are not fewer than a quarter of a megabyte, unless the cap allows no more", () => {
    expect(waveOctets(null, { octets: 1_000, ms: 10_000 })).toBe(MEGABYTE / 4);
    expect(waveOctets(30_000, { octets: 1_000, ms: 10_000 })).toBe(30_000);
  });
});

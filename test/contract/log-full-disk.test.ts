import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { standardOutput } from "../../src/log/standard-output.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

let folder: string;
const lost: number[] = [];

beforeEach(async () => {
  folder = await makeTempFolder();
  lost.length = 0;
});

afterEach(() => removeTempFolder(folder));

/** An output whose disk is full, until `makeRoom`. */
function fullDisk(keptOctets: number) {
  const fd = openSync("/dev/full", "w");
  const file = join(folder, "log");
  const output = standardOutput({ onLost: (lines) => lost.push(lines), fd, keptOctets });
  return {
    output,
    write(...lines: string[]) {
      for (const line of lines) output.write(`${line}\n`);
      output.flushSync();
    },
    makeRoom() {
      closeSync(fd);
      // The lowest number that is free: the one that the output has.
      expect(openSync(file, "w")).toBe(fd);
    },
    lines: () => readFileSync(file, "latin1").split("\n").slice(0, -1),
  };
}

test("lines wait for a disk that is full, and are written in their order when there is room", () => {
  const disk = fullDisk(1_000);
  disk.write("one", "two");
  disk.write("three");
  disk.makeRoom();
  disk.write("four");
  expect(disk.lines()).toEqual(["one", "two", "three", "four"]);
  expect(lost).toEqual([]);
});

test("lines that wait are written at the end of a process though no other follows", () => {
  const disk = fullDisk(1_000);
  disk.write("one");
  disk.makeRoom();
  disk.output.flushSync();
  expect(disk.lines()).toEqual(["one"]);
});

test("what there is no more room for in memory is lost and counted, and the log goes on", () => {
  const disk = fullDisk(10);
  disk.write("12345678");
  disk.write("lost", "as well");
  disk.write("and this");
  disk.makeRoom();
  disk.write("here");
  disk.write("and here");
  expect(disk.lines()).toEqual(["12345678", "here", "and here"]);
  expect(lost).toEqual([3]);
});

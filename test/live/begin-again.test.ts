import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const SETTINGS = join(import.meta.dirname, "../../src/process/node-settings.ts");
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Listens as the program does, and stands still for ever where the new beginning would follow. */
const STANDS_STILL = `
  import { writeSync } from "node:fs";
  const { beginAgain } = await import(process.argv[1]);
  process.on(process.argv[2], () => writeSync(1, "told"));
  process.execve = () => {
    writeSync(1, "here");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  await beginAgain(["copier"], new AbortController().signal);
`;

/** Is told to end in the turn in which it has read a file, as when a configuration was read. */
const TOLD_BEFORE = `
  import { readFile, writeSync } from "node:fs";
  const { beginAgain } = await import(process.argv[1]);
  const told = new AbortController();
  process.on(process.argv[2], () => told.abort());
  process.execve = () => writeSync(1, "began again");
  readFile(process.argv[1], () => {
    process.kill(process.pid, process.argv[2]);
    void beginAgain(["copier"], told.signal).then(() => writeSync(1, told.signal.aborted ? "told" : "lost"));
  });
`;

function run(program: string, signal: string): ChildProcess {
  const args = ["--input-type=module", "--eval", program, SETTINGS, signal];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

test.each(SIGNALS)("%s just before the process begins again ends it", async (signal) => {
  const child = run(STANDS_STILL, signal);
  const closed = once(child, "close");
  const [said] = (await once(child.stdout ?? child, "data")) as [Buffer];
  expect(said.toString()).toBe("here");
  child.kill(signal);
  expect(await closed).toEqual([null, signal]);
});

test.each(SIGNALS)("%s that has come already is heard before the process begins again", async (signal) => {
  const child = run(TOLD_BEFORE, signal);
  if (child.stdout === null) throw new Error("the program has no output");
  expect(await text(child.stdout)).toBe("told");
});

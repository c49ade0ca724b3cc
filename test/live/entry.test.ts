import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startDovecot } from "../kit/dovecot.ts";
import { startImbarco } from "../kit/imbarco.ts";

const TOP = join(import.meta.dirname, "../..");

async function run(file: string, ...words: string[]) {
  const child = spawn(process.execPath, [join(TOP, file), ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { status: status as number | null, stdout, stderr };
}

test.each(["src/main.ts", "tools/imbarco.mjs"])(
  "%s runs as it is and passes the exit status on",
  async (file) => {
    expect(await run(file, "--version")).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
    expect(await run(file, "nonsense")).toMatchObject({ status: 2, stdout: "" });
  },
);

test("a reader that has seen enough ends the program without a complaint", async () => {
  const child = spawn(process.execPath, [join(TOP, "src/main.ts"), "--help"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect({ stderr, status: status as number | null }).toEqual({ stderr: "", status: 0 });
});

test("a result that the disk has no room for is a failure", async () => {
  await using full = await open("/dev/full", "w");
  const child = spawn(process.execPath, [join(TOP, "src/main.ts"), "--help"], {
    stdio: ["ignore", full.fd, "pipe"],
  });
  const stderr = child.stderr;
  if (stderr === null) throw new Error("no standard error");
  const [said, [status]] = await Promise.all([text(stderr), once(child, "close")]);
  expect(status as number | null).toBe(1);
  expect(said).toMatch(/^imbarco: the result could not be written: .*ENOSPC/);
});

test("the Node that runs here knows all that V8 is told", async () => {
  const file = JSON.stringify(join(TOP, "src/process/v8-settings.ts"));
  const program = `const { setV8For } = await import(${file}); for (const role of ["proxy", "copier", "admin"]) setV8For([role]);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "pipe" });
  const [said, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect({ said, status: status as number | null }).toEqual({ said: "", status: 0 });
});

test("a service begins again in the same process, with settings that spare memory", async () => {
  const target = await startDovecot();
  const imbarco = await startImbarco({ target });
  try {
    const [command, environment] = await Promise.all(
      ["cmdline", "environ"].map((file) => readFile(`/proc/${imbarco.pid}/${file}`, "utf8")),
    );
    expect(command?.split("\0")).toContain("--max-semi-space-size=2");
    expect(environment?.split("\0")).toContain("MALLOC_TRIM_THRESHOLD_=131072");
    expect(await imbarco.terminate()).toBe(0);
  } finally {
    await imbarco.stop();
    await target.stop();
  }
});

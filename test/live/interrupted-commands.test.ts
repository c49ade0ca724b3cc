import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { commandsIn } from "./commands.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const WATCH = [MAIN, "--config", "imbarco.yaml", "watch"];

let folder: string;

beforeAll(async () => {
  folder = await makeTempFolder("int");
  await commandsIn(folder);
});

afterAll(() => removeTempFolder(folder));

/** Waits until a command is at work, and gives all that is said. */
async function atWork(child: ChildProcess): Promise<() => string> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  while (!said.includes("There is no account yet")) await once(child.stderr ?? child, "data");
  return () => said;
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "a command that %s ends dies of it, so that everybody sees that",
  async (signal) => {
    const child = spawn(process.execPath, WATCH, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const closed = once(child, "close");
    const said = await atWork(child);
    child.kill(signal);
    expect(await closed).toEqual([null, signal]);
    expect(said()).toContain("imbarco: interrupted");
  },
);

test("Ctrl-C ends the loop of a shell, not only the command in it", async () => {
  const loop = `for i in 1 2; do "$@"; done; echo went on >&2`;
  const shell = spawn("bash", ["-c", loop, "loop", process.execPath, ...WATCH], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const closed = once(shell, "close");
  const said = await atWork(shell);
  // A terminal sends it to all that stand in the foreground.
  process.kill(-(shell.pid ?? 0), "SIGINT");
  expect(await closed).toEqual([null, "SIGINT"]);
  expect(said().match(/There is no account yet/g)).toHaveLength(1);
});

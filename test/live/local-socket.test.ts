import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const MODULE = join(import.meta.dirname, "../../src/net/local-socket.ts");
const NOBODY = 65_534;

let folder: string;

beforeAll(async () => {
  folder = await makeTempFolder("sock");
  await chmod(folder, 0o777);
});

afterAll(() => removeTempFolder(folder));

/** Runs a piece of a program with `listenLocal` at hand and the path of a socket; gives what it wrote. Root may do everything, so the piece may run as nobody. */
async function run(program: string, path: string, asNobody = false): Promise<string> {
  const script = `import { listenLocal } from ${JSON.stringify(MODULE)}; const path = ${JSON.stringify(path)}; ${program}`;
  const isRoot = process.getuid?.() === 0;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "ignore"],
    ...(asNobody && isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "close")]);
  return output;
}

const LISTEN =
  'await listenLocal(path, (socket) => socket.end(), 1).then(() => console.log("listens"), (error) => console.log(error.message));';
const LEAVE_IT = `${LISTEN} process.kill(process.pid, "SIGKILL");`;
const END = `${LISTEN} process.exit();`;

test("what a program that was killed has left is replaced", async () => {
  const path = join(folder, "own");
  await run(LEAVE_IT, path);
  expect(await run(END, path)).toBe("listens\n");
});

test("a socket that another user has left is not taken for a program at work", async () => {
  const path = join(folder, "foreign");
  await run(LEAVE_IT, path);
  await chmod(path, 0);
  expect(await run(END, path, true)).toContain("a socket of another user is there");
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const SRC = join(import.meta.dirname, "../../src");
const NOBODY = 65_534;

let folder: string;

beforeAll(async () => {
  folder = await makeTempFolder("rights");
  await chmod(folder, 0o755);
  await mkdir(join(folder, "closed"), { mode: 0o700 });
  await mkdir(join(folder, "fixed"));
  await chmod(join(folder, "fixed"), 0o555);
  for (const name of ["master.key", "imbarco.db"]) {
    await writeFile(join(folder, name), "");
    await chmod(join(folder, name), 0);
  }
});

afterAll(() => removeTempFolder(folder));

/** What a piece of imbarco complains of when it runs as a user without any right here: root may do everything, so that it runs as nobody then. */
async function complaint(module: string, call: string): Promise<string> {
  const script = `import * as it from ${JSON.stringify(join(SRC, module))};
    const said = await (async () => { await ${call}; return "nothing"; })().catch((error) => error.message);
    console.log(said);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "ignore"],
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "close")]);
  return output;
}

const path = (name: string) => join(folder, name);
const call = (name: string, file: string, more = "") => `it.${name}(${JSON.stringify(path(file))}${more})`;

test.each([
  ["the key file", "vault/key-file.ts", "loadKeys", "master.key", ""],
  ["a key file in a closed folder", "vault/key-file.ts", "loadKeys", "closed/master.key", ""],
  ["the database", "store/sqlite/database.ts", "openDatabase", "imbarco.db", ""],
  [
    "a database only to be looked at",
    "store/sqlite/database.ts",
    "openDatabase",
    "imbarco.db",
    ", { readOnly: true }",
  ],
  ["a database in a closed folder", "store/sqlite/database.ts", "openDatabase", "closed/imbarco.db", ""],
  ["a folder for the database", "store/sqlite/database.ts", "openDatabase", "fixed/data/imbarco.db", ""],
])(
  "%s that this user may not open is named with the user, and with what to do",
  async (_what, module, name, file, more) => {
    const said = await complaint(module, call(name, file, more));
    expect(said).toMatch(
      /may not be (read|opened) by the user \S+; run imbarco as the user that the file belongs to, or give .* \(chown\)\n$/,
    );
    expect(said).toContain(path(file));
    expect(said).not.toMatch(/EACCES|EPERM|backup/);
  },
);

test("a key file that cannot be made names the folder", async () => {
  const said = await complaint("vault/key-file.ts", call("loadKeys", "fixed/master.key"));
  expect(said).toContain(`the key file ${path("fixed/master.key")} is not there`);
  expect(said).toMatch(/the user \S+ may not make it in \S+fixed;/);
  expect(said).not.toContain("EACCES");
});

test("a control socket out of reach names itself and whose it is", async () => {
  const said = await complaint("net/local-socket.ts", call("connectLocal", "closed/control.sock"));
  expect(said).toMatch(
    /control\.sock may not be used by the user \S+: it belongs to the user that runs imbarco serve\n$/,
  );
  const listening = await complaint(
    "net/local-socket.ts",
    call("listenLocal", "fixed/control.sock", ", () => undefined, 1"),
  );
  expect(listening).toMatch(/cannot listen on \S+: the user \S+ may not write in \S+fixed; give that folder/);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { type Commands, commandsIn } from "./commands.ts";

const test = base.extend<{ imbarco: Commands }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  imbarco: async ({}, use) => {
    const folder = await makeTempFolder("pipe");
    const commands = await commandsIn(folder);
    await commands.run("domain", "add", "a.it", "--source", "mail.a.it");
    await use(commands);
    await removeTempFolder(folder);
  },
});

test.each(["-", "/dev/stdin"])("a list is imported from standard input, called %s", async (name) => {
  const folder = await makeTempFolder("pipe");
  const imbarco = await commandsIn(folder);
  await imbarco.run("domain", "add", "a.it", "--source", "mail.a.it");
  const imported = await imbarco.runWith(
    "address;name\nx@a.it;X\ny@a.it;Y\n",
    "users",
    "import",
    "a.it",
    name,
  );
  expect(imported).toMatchObject({
    status: 0,
    stdout: "a.it: 2 accounts created, 0 there already, 0 lines rejected.\n",
  });
  const empty = await imbarco.runWith("", "users", "import", "a.it", name);
  expect(empty).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("has no account: no line of it is an address") as string,
  });
  await removeTempFolder(folder);
});

test("a list is imported from a pipe with a name, as a shell makes them", async ({ imbarco }) => {
  const pipe = join(imbarco.folder, "list.fifo");
  await once(spawn("mkfifo", [pipe]), "close");
  const [imported] = await Promise.all([
    imbarco.run("users", "import", "a.it", pipe),
    writeFile(pipe, "x@a.it\nx@a.it\ny@a.it\n"),
  ]);
  expect(imported.stdout).toContain("2 accounts created, 0 there already, 1 twice in the file");
});

test("an address that stands twice in a file is twice there, however far apart the lines are", async ({
  imbarco,
}) => {
  const many = Array.from({ length: 25_000 }, (_, at) => `user${at}@a.it`);
  const file = await imbarco.file("users.csv", [...many, "USER0@a.it", "user24999@a.it"].join("\n"));
  const rehearsal = await imbarco.json("users", "import", "a.it", file, "--dry-run");
  const imported = await imbarco.json("users", "import", "a.it", file);
  expect(imported).toEqual({ created: 25_000, existing: 0, twice: 2, rejected: [] });
  expect(rehearsal).toEqual(imported);
});

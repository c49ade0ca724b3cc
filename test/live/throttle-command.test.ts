import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { type Commands, commandsIn } from "./commands.ts";

const HOUR_MS = 3_600_000;
let folder: string;
let commands: Commands;

beforeAll(async () => {
  folder = await makeTempFolder("throttle");
  commands = await commandsIn(folder);
});

afterAll(() => removeTempFolder(folder));

const listed = async (...args: string[]) =>
  (
    await commands.json<{ kind: string; name: string; network: string | null; failures: number }[]>(
      "throttle",
      "list",
      ...args,
    )
  ).map(({ kind, name, network, failures }) => [kind, name, network, failures]);

test("wrong passwords are listed by network and account, and forgotten on demand", async () => {
  expect(await listed()).toEqual([]);
  const store = commands.openStore();
  const network = "2001:db8:1:0::/64";
  await store.throttles.count(
    [`network ${network}`, "account anna@a.it", `pair ${network} anna@a.it`],
    HOUR_MS,
  );
  await store.throttles.count([`network ${network}`, "account bruno@a.it"], HOUR_MS);
  await store.close();
  expect(await listed()).toEqual([
    ["network", network, null, 2],
    ["account", "anna@a.it", null, 1],
    ["account", "bruno@a.it", null, 1],
    ["pair", "anna@a.it", network, 1],
  ]);
  expect(await listed("Anna@A.it")).toHaveLength(2);
  const { stdout } = await commands.run("throttle", "list");
  expect(stdout).toContain("account, from there");

  expect((await commands.run("throttle", "clear", "anna@a.it")).stdout).toBe("2 counts forgotten.\n");
  expect(await listed()).toHaveLength(2);
  // Any address of it will do.
  expect(await commands.json("throttle", "clear", "2001:db8:1::77")).toEqual({ cleared: 1 });
  expect(await listed()).toEqual([["account", "bruno@a.it", null, 1]]);
});

test("what a source has refused is forgotten by its name as the list shows it", async () => {
  const store = commands.openStore();
  await store.throttles.count(["source-hour 127.0.0.1:143", "source-hour mail.old.example:143"], HOUR_MS);
  await store.close();
  const names = (await listed()).filter(([kind]) => kind === "source-hour").map(([, name]) => String(name));
  expect(names).toEqual(["127.0.0.1:143", "mail.old.example:143"]);
  expect(await commands.json("throttle", "clear", ...names)).toEqual({ cleared: 2 });
  expect(await listed("mail.old.example:143")).toEqual([]);
});

test("networks are found as people write them, and who has no counts is pointed to the list", async () => {
  const store = commands.openStore();
  await store.throttles.count(["network 2001:db8:7:0::/64"], HOUR_MS);
  await store.close();
  expect(await listed("2001:DB8:7::/64")).toHaveLength(1);
  expect(await commands.json("throttle", "clear", "2001:db8:7::/64")).toEqual({ cleared: 1 });
  const { stdout, stderr } = await commands.run("throttle", "clear", "192.0.2.99");
  expect(stdout).toBe("0 counts forgotten.\n");
  expect(stderr).toContain('"imbarco throttle list" shows');
});

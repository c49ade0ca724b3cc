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
  expect(stdout).toContain("for the account, from there");

  expect((await commands.run("throttle", "clear", "anna@a.it")).stdout).toBe("2 counts forgotten.\n");
  expect(await listed()).toHaveLength(2);
  // Any address of it will do.
  expect(await commands.json("throttle", "clear", "2001:db8:1::77")).toEqual({ cleared: 1 });
  expect(await listed()).toEqual([["account", "bruno@a.it", null, 1]]);
});

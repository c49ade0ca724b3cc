import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const RIGHT = `giusta ${CANARY}`;
const REFUSED = "NO [AUTHENTICATIONFAILED]";
const THROTTLED = "NO [UNAVAILABLE]";
const ANNA = `anna@${DOMAIN}`;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({
    users: { anna: RIGHT },
    config: { processes: 2, throttle: { failuresPerAccount: 6 } },
  });
});

afterAll(() => platform?.stop());

/** What is answered to a login on a connection of its own, up to the code. */
async function answer(user: string, password: string): Promise<string> {
  const client = await platform.client();
  try {
    const { status, text } = await client.logIn(user, password);
    return status === "OK" ? "OK" : `${status} ${text}`.replace(/\].*/s, "]");
  } finally {
    client.close();
  }
}

test("wrong passwords are counted over processes and restarts, refused as the contract says, and forgotten on demand", async () => {
  const nobody = `nessuno@${DOMAIN}`;
  for (const user of [ANNA, nobody]) {
    for (const guess of ["eins", "zwei", "zwei", "drei"]) expect(await answer(user, guess)).toBe(REFUSED);
    expect(await answer(user, "vier")).toBe(THROTTLED);
  }
  await platform.imbarco.restart();
  expect(await answer(ANNA, RIGHT)).toBe(THROTTLED);
  const listed = await platform.imbarco.json<{ kind: string; failures: number }[]>([
    "throttle",
    "list",
    ANNA,
  ]);
  expect(listed.map(({ kind, failures }) => [kind, failures])).toEqual([
    ["account", 3],
    ["pair", 3],
  ]);
  expect(await platform.imbarco.json(["throttle", "clear", ANNA])).toEqual({ cleared: 2 });
  expect(await answer(ANNA, RIGHT)).toBe("OK");
  expect(platform.imbarco.logLines().some(({ reason }) => reason === "throttled")).toBe(true);
});

test("SIGHUP takes over other bounds", async () => {
  const { configFile } = platform.imbarco;
  const text = await readFile(configFile, "utf8");
  await writeFile(configFile, text.replace("failuresPerAccount: 6", "failuresPerAccount: 60"));
  process.kill(platform.imbarco.pid ?? 0, "SIGHUP");
  await waitFor(
    () => platform.imbarco.logLines().some(({ event }) => event === "serve.reload"),
    "the configuration to be read",
  );
  await waitFor(
    async () => (await answer(`nessuno@${DOMAIN}`, "fünf")) === REFUSED,
    "the new bounds to hold",
  );
});

import { afterAll, beforeAll, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ users: { hugo: `hugo-${CANARY}` } });
});

afterAll(() => platform?.stop());

it("asks the old server once and provisions once when five programs of one user come at the same time", async () => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => platform.client()));
  const replies = await Promise.all(
    clients.map((client) => client.logIn(`hugo@${DOMAIN}`, `hugo-${CANARY}`)),
  );
  expect(replies.map((reply) => reply.status)).toEqual(["OK", "OK", "OK", "OK", "OK"]);
  for (const client of clients) client.close();
  await platform.synced("hugo");

  const events = platform.imbarco.logLines().map((line) => line.event);
  expect(events.filter((event) => event === "provision.ok")).toHaveLength(1);
  expect(events.filter((event) => event === "capture")).toHaveLength(1);
  expect(events.filter((event) => event === "login.ok")).toHaveLength(5);
});

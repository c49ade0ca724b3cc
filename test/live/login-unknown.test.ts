import { afterAll, beforeAll, expect, test } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { type LoginStage, startLoginStage } from "./login-stage.ts";

const PASSWORD = `parola ${CANARY}`;

let stage: LoginStage;

beforeAll(async () => {
  stage = await startLoginStage("authzid");
});

afterAll(() => stage?.stop());

test("a name that nobody has hears what an account would hear while the server is down that decides", async () => {
  await stage.account("known@a.it", PASSWORD);
  let tries = 0;
  // In a process of its own each, where no other login has told how the server stands, and with a password that was not refused yet.
  const endings = async () => {
    tries += 1;
    return Promise.all(
      ["known@a.it", "nobody@a.it"].map((user) => stage.tryLogin(user, `wrong ${tries} ${PASSWORD}`)),
    );
  };
  await stage.source.halt();
  expect(await endings()).toEqual(["source-unreachable", "source-unreachable"]);
  expect(await stage.tryLogin("nobody@elsewhere.it", PASSWORD)).toBe("unknown-account");

  await stage.store.domains.update("a.it", { state: "finalized" });
  expect(await endings()).toEqual(["wrong-password", "unknown-account"]);
  await stage.target.halt();
  expect(await endings()).toEqual(["target-unreachable", "target-unreachable"]);

  // Of a captured account the target would have to be asked too, and nobody shall tell that one from the others.
  await stage.source.start();
  await stage.store.domains.update("a.it", { state: "migrating" });
  expect(await endings()).toEqual(["target-unreachable", "target-unreachable"]);
  await stage.target.start();
  expect(await endings()).toEqual(["wrong-password", "unknown-account"]);
});

test("names that nobody has do not each ask the source", async () => {
  const connections = async () => (await stage.source.log()).split("no auth attempts").length;
  const before = await connections();
  const process = stage.process();
  const names = Array.from({ length: 20 }, (_, n) => `nobody${n}@a.it`);
  await Promise.all(names.map((name) => stage.tryLogin(name, PASSWORD, process)));
  for (const name of names.slice(0, 3)) await stage.tryLogin(name, PASSWORD, process);
  expect((await connections()) - before).toBeLessThanOrEqual(2);
});

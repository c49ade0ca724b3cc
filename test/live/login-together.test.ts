import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProvisionRequest } from "../../src/provision/provision.ts";
import { CANARY } from "../kit/canary.ts";
import { waitFor } from "../kit/wait-for.ts";
import { type LoginStage, setPassword, startLoginStage } from "./login-stage.ts";

const P1 = `erstes ${CANARY}`;
const P2 = `zweites, und länger, ${CANARY}`;
const ADDRESSES = ["a@a.it", "b@a.it", "c@a.it", "d@a.it"];

let stage: LoginStage;

beforeAll(async () => {
  stage = await startLoginStage("user");
});

afterAll(() => stage?.stop());

/** Two programs of each user: the second comes when the target has just been told, which may not go by it yet. */
async function endingsOfTwo(password: string, toldBefore: number): Promise<string[]> {
  const process = stage.process();
  const endings = ADDRESSES.map(async (address) => {
    const first = stage.tryLogin(address, password, process);
    await waitFor(() => stage.events("provision.ok", address) > toldBefore, `${address} to be provisioned`);
    return Promise.all([first, stage.tryLogin(address, password, process)]);
  });
  return (await Promise.all(endings)).flat();
}

test("a second program that comes before the target knows the password is let in too, at the first login and when it has changed", async () => {
  for (const address of ADDRESSES) await stage.account(address, P1);
  expect(new Set(await endingsOfTwo(P1, 0))).toEqual(new Set(["ok"]));
  const now = new Date().toISOString();
  for (const address of ADDRESSES) {
    await stage.store.accounts.apply(address, { kind: "synced" }, now);
    await setPassword(stage.source, address, P2);
  }
  expect(new Set(await endingsOfTwo(P2, 1))).toEqual(new Set(["ok"]));
});

test("the copier is not sent to a target that does not know the password yet, but at once when it does", async () => {
  await stage.account("slow@a.it", P1);
  const told = Promise.withResolvers<ProvisionRequest>();
  const ensure = async (request: ProvisionRequest) => told.resolve(request);
  const process = stage.process({ provisioner: { ...stage.deps.provisioner, ensure } });
  const due = () => stage.queue.lease("copier", Date.now(), 60_000, { address: "slow@a.it" });
  const ending = stage.tryLogin("slow@a.it", P1, process);
  await waitFor(() => stage.enqueued.includes("slow@a.it"), "the copy to be asked for");
  expect(await due()).toBeUndefined();
  await stage.deps.provisioner.ensure(await told.promise);
  expect(await ending).toBe("ok");
  expect(await due()).toMatchObject({ address: "slow@a.it" });
});

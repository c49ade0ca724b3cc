import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LoginGrant } from "../../src/login/login.ts";
import { Failure } from "../../src/model/failure.ts";
import type { ProtocolName } from "../../src/model/protocol.ts";
import { CANARY } from "../kit/canary.ts";
import { waitFor } from "../kit/wait-for.ts";
import { type LoginStage, requestOf, setPassword, startLoginStage } from "./login-stage.ts";

const OLD = `old-${CANARY}`;
const NEW = `new-${CANARY}`;

describe("a login in a domain that is served by its source until the first copy is complete", () => {
  let stage: LoginStage;
  let count = 0;
  let address = "";

  beforeAll(async () => {
    stage = await startLoginStage("user");
    await stage.store.domains.update("a.it", { serve: "source-until-synced" });
  });

  afterAll(() => stage?.stop());

  beforeEach(async () => {
    count += 1;
    address = `user${count}@a.it`;
    await stage.account(address, OLD);
  });

  async function grantOf(password: string, protocol: ProtocolName = "imap"): Promise<LoginGrant> {
    return stage.process()({ ...requestOf(address, password), protocol }, new AbortController().signal);
  }

  async function refusalsAtSource(): Promise<number> {
    const lines = (await stage.source.log()).split("\n");
    return lines.filter((line) => line.includes("auth failed") && line.includes(`user=<${address}>`)).length;
  }

  const name = () => `127.0.0.1:${stage.source.imapPort}`;
  const sessions = async () => (await stage.store.budgets.use("127.0.0.1", address, Date.now())).sessions;
  const sessionsAtPort = async () => (await stage.store.budgets.use(name(), address, Date.now())).sessions;

  it("leads to the source, with its capabilities, and is captured and put into the queue all the same", async () => {
    const before = await stage.sourceLogins(address);
    const grant = await grantOf(OLD);
    expect(grant.servedBy).toBe("source");
    expect(grant.capability).toContain("IMAP4rev1");
    await waitFor(
      async () => (await stage.sourceLogins(address)) === before + 2,
      "question and session at the source",
    );
    expect((await stage.store.accounts.get(address))?.state).toBe("captured");
    expect(stage.enqueued).toContain(address);
    await waitFor(() => stage.targetOpens(address, OLD), "the account on the target");
    grant.target.close();
  });

  it("counts as a session at the source as long as its connection is open, in whose hands ever", async () => {
    const grant = await grantOf(OLD);
    expect([await sessions(), await sessionsAtPort()]).toEqual([0, 1]);
    const { socket } = grant.target.detach();
    expect(await sessionsAtPort()).toBe(1);
    socket.on("error", () => socket.destroy());
    socket.destroy();
    await waitFor(async () => (await sessionsAtPort()) === 0, "the session to count no more");
    const other = await grantOf(OLD);
    expect(await sessionsAtPort()).toBe(1);
    other.target.leave();
    await waitFor(async () => (await sessionsAtPort()) === 0, "the other one to count no more");
  });

  it("leads to the target from the next login on, once the first copy is complete", async () => {
    (await grantOf(OLD)).target.close();
    const at = new Date().toISOString();
    await stage.store.accounts.apply(address, { kind: "synced" }, at);
    const grant = await grantOf(OLD);
    expect(grant.servedBy).toBeUndefined();
    grant.target.close();
  });

  it("of POP3 hears that it comes too early, though it has been captured", async () => {
    const failure = await grantOf(OLD, "pop3").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).kind).toBe("not-yet-copied");
    expect((failure as Failure).facts.client).toBe("unavailable");
    expect((await stage.store.accounts.get(address))?.state).toBe("captured");
  });

  it("with a password that was changed at the source is refused with the old one, and let in with the new one", async () => {
    (await grantOf(OLD)).target.close();
    await setPassword(stage.source, address, NEW);
    await expect(grantOf(OLD)).rejects.toMatchObject({ kind: "wrong-password" });
    const grant = await grantOf(NEW);
    expect(grant.servedBy).toBe("source");
    grant.target.close();
  });

  it("does not tell the source the old password again each time a forgotten phone tries it", async () => {
    (await grantOf(OLD)).target.close();
    await setPassword(stage.source, address, NEW);
    const before = await refusalsAtSource();
    const phone = stage.process();
    for (let n = 0; n < 3; n += 1) expect(await stage.tryLogin(address, OLD, phone)).toBe("wrong-password");
    await waitFor(async () => (await refusalsAtSource()) > before, "the refusal in the source's log");
    // The mark of another login stands behind all that was asked before.
    await stage.sourceLogins(address);
    expect(await refusalsAtSource()).toBe(before + 1);
    const [counted] = await stage.store.throttles.counts([`source-hour ${name()}`]);
    expect(counted).toBeGreaterThan(0);
    const grant = await grantOf(NEW);
    expect(grant.servedBy).toBe("source");
    grant.target.close();
  });

  it("with a password that was changed on the target uses the one that the source knows", async () => {
    (await grantOf(OLD)).target.close();
    await setPassword(stage.target, address, NEW);
    const grant = await grantOf(NEW);
    expect(grant.servedBy).toBe("source");
    grant.target.close();
  });

  it("leaves a source alone that lets nobody in, but for one try now and then, which ends that when it gets through", async () => {
    (await grantOf(OLD)).target.close();
    const before = await stage.sourceLogins(address);
    const { budgets } = stage.store;
    const open = {
      state: "open",
      since: 1,
      round: 0,
      retryAt: Date.now() + 60_000,
      words: "banned",
    } as const;
    await budgets.changeStanding(name(), (now) => ({ ...now, breaker: open, loginTriedAt: Date.now() }));
    const failure = await grantOf(OLD).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "source-unreachable", facts: { client: "unavailable" } });
    expect((failure as Failure).message).toContain("lets nobody in at present");
    expect(await stage.sourceLogins(address)).toBe(before);
    await budgets.changeStanding(name(), (now) => ({ ...now, loginTriedAt: Date.now() - 60_000 }));
    (await grantOf(OLD)).target.close();
    expect((await budgets.standing(name())).breaker.state).toBe("closed");
  });

  it("hears that the source cannot be reached, never that its password is wrong, and the breaker of the source hears it too", async () => {
    (await grantOf(OLD)).target.close();
    await stage.source.halt();
    const failures = async () => {
      const { breaker } = await stage.store.budgets.standing(name());
      return breaker.state === "closed" ? breaker.failures : null;
    };
    expect(await failures()).toBe(0);
    await expect(grantOf(OLD)).rejects.toMatchObject({ kind: "source-unreachable" });
    expect(await failures()).toBe(1);
    await expect(grantOf(OLD)).rejects.toMatchObject({ kind: "source-unreachable" });
    expect(await failures()).toBe(2);
    await stage.source.start();
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { startAccount } from "../../src/login/start.ts";
import type { Provisioner } from "../../src/provision/provision.ts";
import { sourceSealContext, targetSealContext } from "../../src/vault/seal-context.ts";
import { makeVerifier, matchesVerifier } from "../../src/vault/verifier.ts";
import { CANARY } from "../kit/canary.ts";
import {
  CLIENT_ADDRESS,
  FIRST_REFUSAL_MS,
  type LoginStage,
  requestOf,
  setPassword,
  startLoginStage,
} from "./login-stage.ts";

const P1 = `erstes "${CANARY}" ~\\{5}%`;
const P2 = `zweites ${CANARY} è`;
const P3 = `drittes ${CANARY}`;

/** Dovecot looks at its passwd-file once a second. */
const SOON = { timeout: 20_000 };

const secret = (text: string) => new Secret(Buffer.from(text));

describe.each(["user", "authzid", "separator"] as const)("a login, target entered as %s", (form) => {
  let stage: LoginStage;
  beforeAll(async () => {
    stage = await startLoginStage(form);
  });
  afterAll(() => stage?.stop());

  const targetOpens = (address: string, password: string) => () => stage.targetOpens(address, password);
  const accountOf = (address: string) => stage.store.accounts.get(address);
  const keptOf = async (address: string) => {
    const kept = await stage.store.accounts.getCredentials(address);
    if (!kept) throw new Error(`nothing is kept of ${address}`);
    return kept;
  };
  const sourceContext = async (address: string) => {
    const [domain, account] = await Promise.all([stage.store.domains.get("a.it"), accountOf(address)]);
    if (!domain || !account) throw new Error(`${address} is not there`);
    return sourceSealContext(domain, account);
  };
  const sealedSourceOf = async (address: string) => {
    const { sealedSource } = await keptOf(address);
    if (sealedSource === null) throw new Error(`no source password of ${address} is kept`);
    return stage.deps.vault
      .unseal(sealedSource, await sourceContext(address))
      .reveal()
      .toString();
  };
  /** An account that has come in by P1, as a synced one stands where `synced` is said. */
  const captured = async (address: string, synced = false) => {
    await stage.account(address, P1);
    expect(await stage.tryLogin(address, P1)).toBe("ok");
    if (synced) await stage.store.accounts.apply(address, { kind: "synced" }, new Date().toISOString());
  };

  test("the first one keeps the password, gives it to the target and has the copy begun", async () => {
    await captured("first@a.it");
    expect(await accountOf("first@a.it")).toMatchObject({ state: "captured", reason: null, failedLogins: 0 });
    expect(await matchesVerifier(secret(P1), (await keptOf("first@a.it")).verifier)).toBe(true);
    expect(await sealedSourceOf("first@a.it")).toBe(P1);
    expect((await keptOf("first@a.it")).sealedTarget).toBeNull();
    await expect.poll(targetOpens("first@a.it", P1), SOON).toBe(true);
    expect(stage.enqueued).toContain("first@a.it");
    const lease = await stage.queue.lease("test", Date.now(), 1_000, { address: "first@a.it" });
    expect(lease?.address).toBe("first@a.it");
    const events = ["capture", "provision.ok", "login.ok"].map((name) => stage.events(name, "first@a.it"));
    expect(events).toEqual([1, 1, 1]);
    expect(await stage.target.log()).toContain(`rip=${CLIENT_ADDRESS}`);
  });

  test("a wrong password is refused and noted, and nothing begins", async () => {
    await stage.account("wrong@a.it", P1);
    expect(await stage.tryLogin("wrong@a.it", P2)).toBe("wrong-password");
    expect(await accountOf("wrong@a.it")).toMatchObject({ state: "waiting", failedLogins: 1 });
    expect(await stage.store.accounts.getCredentials("wrong@a.it")).toBeUndefined();
    expect(await stage.targetRow("wrong@a.it")).toContain(":{CRYPT}*:");
  });

  test("three programs of one user at once ask the source once, and a wrong password among them is refused", async () => {
    await stage.account("three@a.it", P1);
    const before = await stage.sourceLogins("three@a.it");
    const process = stage.process();
    const passwords = [P1, P1, P2, P1];
    const endings = await Promise.all(
      passwords.map((password) => stage.tryLogin("three@a.it", password, process)),
    );
    expect(endings).toEqual(["ok", "ok", "wrong-password", "ok"]);
    expect(await stage.sourceLogins("three@a.it")).toBe(before + 1);
    expect(stage.events("provision.ok", "three@a.it")).toBe(1);
    expect(stage.events("login.ok", "three@a.it")).toBe(3);
  });

  test("a password changed at the source takes the place of the old one everywhere", async () => {
    await captured("moved@a.it", true);
    await setPassword(stage.source, "moved@a.it", P2);
    expect(await stage.tryLogin("moved@a.it", P2)).toBe("ok");
    expect(await sealedSourceOf("moved@a.it")).toBe(P2);
    await expect.poll(targetOpens("moved@a.it", P2), SOON).toBe(true);
    expect(await stage.tryLogin("moved@a.it", P1)).toBe("wrong-password");
    expect(await accountOf("moved@a.it")).toMatchObject({ state: "synced" });
  });

  test("a password changed at the target is the right one from then on, and the source's old one stays with the copier only", async () => {
    await captured("changed@a.it", true);
    await setPassword(stage.target, "changed@a.it", P2);
    expect(await stage.tryLogin("changed@a.it", P2)).toBe("ok");
    const kept = await keptOf("changed@a.it");
    expect(await matchesVerifier(secret(P2), kept.verifier)).toBe(true);
    expect(await sealedSourceOf("changed@a.it")).toBe(P1);
    const context = targetSealContext(stage.target, "changed@a.it");
    expect(stage.deps.vault.unseal(kept.sealedTarget ?? Buffer.alloc(0), context).equals(secret(P2))).toBe(
      true,
    );
    // A forgotten phone, with the password that the source would still take.
    expect(await stage.tryLogin("changed@a.it", P1)).toBe("wrong-password");
    await expect.poll(targetOpens("changed@a.it", P2), SOON).toBe(true);
    expect(await stage.tryLogin("changed@a.it", P2)).toBe("ok");
  });

  test("a password that the user has changed at the target without imbarco is refused where the target is entered by it", async () => {
    await captured("elsewhere@a.it", true);
    await setPassword(stage.target, "elsewhere@a.it", P2);
    expect(await stage.tryLogin("elsewhere@a.it", P1)).toBe(form === "user" ? "wrong-password" : "ok");
    await expect.poll(targetOpens("elsewhere@a.it", P2), SOON).toBe(true);
  });

  test("a kept password that no key opens any more is kept anew by the next login", async () => {
    await captured("nokey@a.it", true);
    const damaged = { ...(await keptOf("nokey@a.it")), sealedSource: Buffer.from("damaged") };
    await stage.store.accounts.putCredentials("nokey@a.it", damaged);
    expect(await stage.tryLogin("nokey@a.it", P1)).toBe("ok");
    expect(await sealedSourceOf("nokey@a.it")).toBe(P1);
  });

  test("a failed provisioning is not the user's fault, stands in the account, and is made good by the next login", async () => {
    await stage.account("broken@a.it", P1);
    const broken: Provisioner = {
      ...stage.deps.provisioner,
      ensure: () => Promise.reject(new Error("no room")),
    };
    expect(await stage.tryLogin("broken@a.it", P1, stage.process({ provisioner: broken }))).toBe(
      "provision-failed",
    );
    expect(await accountOf("broken@a.it")).toMatchObject({ state: "attention", reason: "provision_failed" });
    expect(stage.enqueued).not.toContain("broken@a.it");
    const asked = await stage.sourceLogins("broken@a.it");
    expect(await stage.tryLogin("broken@a.it", P1)).toBe("ok");
    expect(await accountOf("broken@a.it")).toMatchObject({ state: "captured", reason: null });
    expect(stage.enqueued).toContain("broken@a.it");
    await expect.poll(targetOpens("broken@a.it", P1), SOON).toBe(true);
    expect(await stage.sourceLogins("broken@a.it")).toBe(asked);
  });

  test("a crash between capture and provisioning is healed by the next login, without the source", async () => {
    await stage.account("crash1@a.it", P1);
    const asked = await stage.sourceLogins("crash1@a.it");
    const sealedSource = stage.deps.vault.seal(secret(P1), await sourceContext("crash1@a.it"));
    const verifier = await makeVerifier(secret(P1));
    await stage.store.accounts.putCredentials("crash1@a.it", { verifier, sealedSource, sealedTarget: null });
    expect(await stage.tryLogin("crash1@a.it", P1)).toBe("ok");
    expect(await accountOf("crash1@a.it")).toMatchObject({ state: "captured" });
    await expect.poll(targetOpens("crash1@a.it", P1), SOON).toBe(true);
    expect(stage.enqueued).toContain("crash1@a.it");
    expect(await stage.sourceLogins("crash1@a.it")).toBe(asked);
  });

  test.each([
    ["before", "crash2@a.it"],
    ["after", "crash3@a.it"],
  ])(
    "a crash while a changed password is taken over, %s the target knew it, is healed too",
    async (when, address) => {
      await captured(address, true);
      await setPassword(stage.source, address, P2);
      const sealedSource = stage.deps.vault.seal(secret(P2), await sourceContext(address));
      await stage.store.accounts.putCredentials(address, { ...(await keptOf(address)), sealedSource });
      if (when === "after") await setPassword(stage.target, address, P2);
      expect(await stage.tryLogin(address, P2)).toBe("ok");
      expect(await matchesVerifier(secret(P2), (await keptOf(address)).verifier)).toBe(true);
      expect(await sealedSourceOf(address)).toBe(P2);
      await expect.poll(targetOpens(address, P2), SOON).toBe(true);
    },
  );

  test("an account that the target has lost is made there again", async () => {
    await captured("lost@a.it", true);
    await stage.deps.provisioner.remove("lost@a.it");
    await expect.poll(targetOpens("lost@a.it", P1), SOON).toBe(false);
    expect(await stage.tryLogin("lost@a.it", P1)).toBe("ok");
    await expect.poll(targetOpens("lost@a.it", P1), SOON).toBe(true);
  });

  test("names that nobody has, empty passwords and foreign identities are refused, but not at once", async () => {
    await stage.account("empty@a.it", "");
    const process = stage.process();
    for (const [user, password, ending] of [
      ["nobody@a.it", P1, "unknown-account"],
      ["nobody@elsewhere.it", P1, "unknown-account"],
      ["no address", P1, "unknown-account"],
      ["empty@a.it", "", "wrong-password"],
      ["nobody@a.it", "", "wrong-password"],
    ] as const) {
      const began = performance.now();
      expect(await stage.tryLogin(user, password, process)).toBe(ending);
      expect(performance.now() - began).toBeGreaterThan(FIRST_REFUSAL_MS * 0.9);
    }
    expect(await accountOf("empty@a.it")).toMatchObject({ failedLogins: 0 });
    const foreign = { ...requestOf("first@a.it", P1), authzid: Buffer.from("wrong@a.it") };
    await expect(process(foreign, new AbortController().signal)).rejects.toMatchObject({
      kind: "unknown-account",
    });
  });

  test("a client that goes away ends its own login and nobody else's", async () => {
    await stage.account("gone@a.it", P1);
    const process = stage.process();
    const client = new AbortController();
    const leaving = requestOf("gone@a.it", P1);
    const left = process(leaving, client.signal);
    const staying = stage.tryLogin("gone@a.it", P1, process);
    const reason = new Error("the client has gone");
    client.abort(reason);
    await expect(left).rejects.toBe(reason);
    leaving.password.wipe();
    expect(await staying).toBe("ok");
    expect(await sealedSourceOf("gone@a.it")).toBe(P1);
  });

  test("an administrator's password starts an account, and of one that has begun it leaves the user's own alone", async () => {
    await stage.account("admin@a.it", P1);
    await expect(startAccount(stage.deps, "admin@a.it", secret(P2))).rejects.toMatchObject({
      kind: "source-auth-failed",
    });
    await startAccount(stage.deps, "admin@a.it", secret(P1));
    expect(await accountOf("admin@a.it")).toMatchObject({ state: "captured" });
    expect(stage.enqueued).toContain("admin@a.it");

    await setPassword(stage.target, "admin@a.it", P2);
    expect(await stage.tryLogin("admin@a.it", P2)).toBe("ok");
    await setPassword(stage.source, "admin@a.it", P3);
    await startAccount(stage.deps, "admin@a.it", secret(P3));
    expect(await sealedSourceOf("admin@a.it")).toBe(P3);
    await expect.poll(targetOpens("admin@a.it", P2), SOON).toBe(true);
    await expect(startAccount(stage.deps, "nobody@a.it", secret(P1))).rejects.toMatchObject({
      kind: "unknown-account",
    });
  });

  test("in a domain that is not open all names hear the same, and once it is finalized the source is not asked", async () => {
    await captured("end@a.it", true);
    await stage.store.domains.update("a.it", { state: "preparing" });
    for (const user of ["end@a.it", "nobody@a.it"])
      expect(await stage.tryLogin(user, P1)).toBe("domain-not-open");

    await stage.store.domains.update("a.it", { state: "finalized" });
    await stage.store.accounts.purgeSealed("a.it");
    await setPassword(stage.source, "end@a.it", P3);
    const asked = await stage.sourceLogins("end@a.it");
    expect(await stage.tryLogin("end@a.it", P1)).toBe("ok");
    expect(await stage.tryLogin("end@a.it", P3)).toBe("wrong-password");
    await setPassword(stage.target, "end@a.it", P2);
    expect(await stage.tryLogin("end@a.it", P2)).toBe("ok");
    expect(await keptOf("end@a.it")).toMatchObject({ sealedSource: null, sealedTarget: null });
    expect(await stage.sourceLogins("end@a.it")).toBe(asked);
    await stage.store.domains.update("a.it", { state: "migrating" });
  });

  test("a server that is down is never a wrong password, and a known user comes in without the source", async () => {
    await captured("down@a.it");
    await stage.account("new@a.it", P1);
    await stage.source.halt();
    expect(await stage.tryLogin("new@a.it", P1)).toBe("source-unreachable");
    expect(await stage.tryLogin("down@a.it", P2)).toBe("source-unreachable");
    expect(await stage.tryLogin("down@a.it", P1)).toBe("ok");
    expect(await accountOf("new@a.it")).toMatchObject({ failedLogins: 0 });
    await stage.source.start();
    await stage.target.halt();
    expect(await stage.tryLogin("new@a.it", P1)).toBe("target-unreachable");
    await stage.target.start();
    expect(await stage.tryLogin("new@a.it", P1)).toBe("ok");
  });
});

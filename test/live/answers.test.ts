import { rename, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { ImapClient } from "../kit/imap-client.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `correct-${CANARY}`;

describe("what a mail program hears", () => {
  let platform: Platform;

  beforeAll(async () => {
    const names = ["anna", "bruno", "carla", "dino", "elsa", "fabio"];
    platform = await startPlatform({ users: Object.fromEntries(names.map((name) => [name, PASSWORD])) });
  });

  afterAll(() => platform?.stop());

  async function answerTo(user: string, password: string): Promise<string> {
    const client = await platform.client();
    try {
      const reply = await client.logIn(`${user}@${DOMAIN}`, password);
      return `${reply.status} ${reply.text}`;
    } finally {
      client.close();
    }
  }

  it("hears the same of a wrong password, an unknown account and an unknown domain", async () => {
    const wrong = await answerTo("anna", `wrong-${CANARY}`);
    expect(wrong).toMatch(/^NO \[AUTHENTICATIONFAILED\] /);
    expect(await answerTo("nobody", PASSWORD)).toBe(wrong);
    expect(await answerTo("anna", "")).toBe(wrong);
    const client = await platform.client();
    const reply = await client.logIn("anna@elsewhere.test", PASSWORD);
    client.close();
    expect(`${reply.status} ${reply.text}`).toBe(wrong);
    const account = await platform.account("anna");
    expect(account).toMatchObject({ state: "waiting" });
    expect(account.failedLogins).toBeGreaterThan(0);
  });

  it("is refused a login in clear before the password is looked at", async () => {
    const client = await ImapClient.connect({ ...platform.imbarco.place(), tls: "none" });
    expect(client.greeting.text).toContain("LOGINDISABLED");
    const reply = await client.logIn(`anna@${DOMAIN}`, PASSWORD);
    expect(`${reply.status} ${reply.text}`).toMatch(/^NO \[PRIVACYREQUIRED\]/);
    client.close();
  });

  it("is told to come back later while the domain is disabled", async () => {
    await must(platform.imbarco, ["domain", "disable", DOMAIN]);
    expect(await answerTo("anna", PASSWORD)).toMatch(/^NO \[UNAVAILABLE\]/);
    await must(platform.imbarco, ["domain", "enable", DOMAIN]);
  });

  it("is told to come back later, never 'wrong password', while the old server is down; then it gets in", async () => {
    await platform.source.halt();
    expect(await answerTo("bruno", PASSWORD)).toMatch(/^NO \[UNAVAILABLE\]/);
    expect(await answerTo("bruno", `wrong-${CANARY}`)).toMatch(/^NO \[UNAVAILABLE\]/);
    await platform.source.start();
    expect(await answerTo("bruno", PASSWORD)).toMatch(/^OK/);
  });

  it("still gets in with the old server down once it has been there", async () => {
    expect(await answerTo("carla", PASSWORD)).toMatch(/^OK/);
    await platform.source.halt();
    expect(await answerTo("carla", PASSWORD)).toMatch(/^OK/);
    await platform.source.start();
  });

  it("is told to come back later while the new server is down", async () => {
    expect(await answerTo("dino", PASSWORD)).toMatch(/^OK/);
    await platform.target.halt();
    expect(await answerTo("dino", PASSWORD)).toMatch(/^NO \[UNAVAILABLE\]/);
    await platform.target.start();
    expect(await answerTo("dino", PASSWORD)).toMatch(/^OK/);
  });

  it("is told to come back later while the account cannot be provisioned; then the next login heals it", async () => {
    const { passwdFile } = platform.target;
    await rename(passwdFile, `${passwdFile}.aside`);
    // A passwd-file without an end of its folder: nothing can be put beside it.
    await must(platform.imbarco, ["domain", "show", DOMAIN]);
    await writeFile(`${passwdFile}.lock`, `${process.pid}\n`);
    expect(await answerTo("elsa", PASSWORD)).toMatch(/^NO \[UNAVAILABLE\]/);
    await rename(`${passwdFile}.aside`, passwdFile);
    await rename(`${passwdFile}.lock`, `${passwdFile}.gone`);
    expect(await answerTo("elsa", PASSWORD)).toMatch(/^OK/);
    await waitFor(async () => (await platform.account("elsa")).state === "synced", "elsa's copy");
  });

  it("gets in with a password that was changed at the old server, and no longer with the one before", async () => {
    expect(await answerTo("fabio", PASSWORD)).toMatch(/^OK/);
    await platform.source.setPassword(`fabio@${DOMAIN}`, `newer-${CANARY}`);
    expect(await answerTo("fabio", `newer-${CANARY}`)).toMatch(/^OK/);
    expect(await answerTo("fabio", PASSWORD)).toMatch(/^NO \[AUTHENTICATIONFAILED\]/);
  });
});

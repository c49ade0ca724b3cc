import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { base64, plain, SieveClient } from "../kit/sieve-client.ts";
import { waitFor } from "../kit/wait-for.ts";

const USERS = {
  mario: `ma"rio\\ ${CANARY}`,
  luigi: `luigi ${CANARY} %*`,
  anna: `anna${CANARY}`,
} as const;

const SCRIPT = 'require "fileinto";\r\nif header :contains "subject" "list" { fileinto "Lists"; }\r\n';

const address = (user: keyof typeof USERS) => `${user}@${DOMAIN}`;

describe.each([
  ["user", "starttls"],
  ["authzid", "implicit"],
  ["separator", "none"],
] as const)("scripts on a target reached as %s, by %s", (as, targetTls) => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform({
      users: USERS,
      as,
      target: { sieve: true, trustProxy: true },
      doors: (target) => ({ sieve: target.sieveEndpoint(targetTls) }),
    });
    const place = { ...platform.source.endpoint(), tls: "starttls" as const };
    await fillMailbox(place, address("mario"), USERS.mario, {
      INBOX: [{ body: Buffer.from("Subject: old\r\n\r\nhello\r\n"), flags: ["\\Seen"] }],
    });
  });

  afterAll(() => platform?.stop());

  const enter = (tls: "starttls" | "implicit" = "starttls") =>
    SieveClient.connect(platform.imbarco.door("sieve", tls));

  it("are promised in the greeting once imbarco has asked the target", async () => {
    await waitFor(async () => {
      const client = await enter();
      client.close();
      return client.greeting.some((line) => line.includes("fileinto"));
    }, "the target's capabilities");
    const client = await enter("implicit");
    expect(client.greeting[0]).toMatch(/^"IMPLEMENTATION" ".*Pigeonhole"$/);
    expect(client.greeting).toContain('"SASL" "PLAIN LOGIN"');
    expect(client.greeting.at(-1)).toBe('OK "imbarco.test imbarco ready"');
    expect(client.greeting.join(" ")).not.toMatch(/XCLIENT|STARTTLS/);
    client.close();
  });

  it("come with the first login, which starts the migration", async () => {
    const client = await enter();
    expect(await client.logIn(address("mario"), USERS.mario)).toBe('OK "Logged in"');
    const put = `PUTSCRIPT "main" {${SCRIPT.length}+}\r\n${SCRIPT}\r\n`;
    client.write(put);
    expect(await client.reply()).toEqual([expect.stringMatching(/^OK /)]);
    expect(await client.say('SETACTIVE "main"')).toEqual([expect.stringMatching(/^OK /)]);
    expect(await client.say("LISTSCRIPTS")).toEqual(['"main" ACTIVE', expect.stringMatching(/^OK /)]);
    const got = await client.say('GETSCRIPT "main"');
    expect(got).toEqual([`{${SCRIPT.length}}\r\n${SCRIPT}`, expect.stringMatching(/^OK /)]);
    expect(await client.say('PUTSCRIPT "bad" "nonsense"')).toEqual([expect.stringMatching(/^NO /)]);
    expect(await client.say("LOGOUT")).toEqual([expect.stringMatching(/^OK /)]);
    await expect(client.line()).rejects.toThrow(/closed/);
    await platform.synced("mario");
    const { target } = await platform.bothSides("mario");
    expect(target.get("INBOX")?.messages.length).toBe(1);
  });

  it("are reached by every form of AUTHENTICATE, over STARTTLS and inside TLS from the first byte", async () => {
    const late = await enter("implicit");
    late.write('AUTHENTICATE "PLAIN"\r\n');
    expect(await late.line()).toBe('""');
    const message = plain(address("luigi"), USERS.luigi);
    expect(await late.say(`{${message.length}+}\r\n${message}`)).toEqual(['OK "Logged in"']);
    expect(await late.say("LISTSCRIPTS")).toEqual([expect.stringMatching(/^OK /)]);
    late.close();
    const byLogin = await enter();
    byLogin.write('AUTHENTICATE "LOGIN"\r\n');
    expect(await byLogin.line()).toBe(`"${base64("Username:")}"`);
    byLogin.write(`"${base64(address("anna"))}"\r\n`);
    expect(await byLogin.line()).toBe(`"${base64("Password:")}"`);
    expect(await byLogin.say(`"${base64(USERS.anna)}"`)).toEqual(['OK "Logged in"']);
    expect((await byLogin.say("CAPABILITY")).join(" ")).toContain("MAXREDIRECTS");
    byLogin.close();
    expect((await platform.account("anna")).state).not.toBe("waiting");
  });

  it("stay closed to a wrong password and an unknown name, in the same words", async () => {
    const client = await enter();
    const refused = 'NO "Wrong user name or password"';
    expect(await client.logIn(address("mario"), "wrong")).toBe(refused);
    expect(await client.logIn(`nobody@${DOMAIN}`, "wrong")).toBe(refused);
    expect(await client.logIn(address("mario"), USERS.mario)).toBe('OK "Logged in"');
    client.close();
  });

  it("are served under the client's own address and session, as the target's log tells", async () => {
    const client = await enter();
    await client.logIn(address("mario"), USERS.mario);
    client.close();
    const told = platform.imbarco
      .logLines()
      .filter((line) => line.event === "session.open" && line["protocol"] === "sieve");
    const session = String(told.at(-1)?.["session"]);
    await waitFor(async () => (await platform.target.log()).includes(`session=<${session}>`), "that session");
  });

  it("are TRYLATER while the target is down", async () => {
    await platform.target.halt();
    try {
      const client = await enter();
      expect(await client.logIn(address("mario"), USERS.mario)).toMatch(/^NO \(TRYLATER\) /);
      client.close();
    } finally {
      await platform.target.start();
    }
  });
});

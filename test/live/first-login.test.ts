import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { differences, fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";

/** One account a mechanism: each has its first login in one test. Odd octets on purpose. */
const USERS = {
  quoted: `quo"ted\\ ${CANARY}`,
  literal: `li"te{5}ral ${CANARY}`,
  nonsync: `non%sync~${CANARY}`,
  plain: `plain ${CANARY} *()`,
  "plain-late": `late+${CANARY}`,
  login: `login=${CANARY}`,
  "login-late": `${CANARY}'s`,
} as const;

type User = keyof typeof USERS;

describe.each(["user", "authzid", "separator"] as const)("the first login, target reached as %s", (as) => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform({ users: USERS, as });
    const place = { ...platform.source.endpoint(), tls: "starttls" as const };
    for (const user of ["quoted", "plain"] as const)
      await fillMailbox(place, `${user}@${DOMAIN}`, USERS[user], {
        INBOX: [{ body: Buffer.from(`Subject: for ${user}\r\n\r\nhello\r\n`), flags: ["\\Seen"] }],
        [`Work${user}`]: [{ body: Buffer.from("Subject: two\r\n\r\n") }],
      });
  });

  afterAll(() => platform?.stop());

  const octets = (user: User) => Buffer.from(USERS[user], "latin1");
  const address = (user: User) => `${user}@${DOMAIN}`;

  async function logsIn(
    user: User,
    how: (client: Awaited<ReturnType<Platform["client"]>>) => Promise<string>,
  ) {
    const client = await platform.client(user.startsWith("login") ? "implicit" : "starttls");
    try {
      expect(await how(client)).toMatch(/OK \[CAPABILITY IMAP4rev1 .*IDLE/);
      const reply = await client.command("STATUS INBOX (MESSAGES)");
      expect(reply.status).toBe("OK");
      expect((await platform.account(user)).state).not.toBe("waiting");
    } finally {
      client.close();
    }
  }

  it("works by LOGIN with quoted strings", () =>
    logsIn("quoted", async (client) => {
      client.write(`a LOGIN "${address("quoted")}" "quo\\"ted\\\\ ${CANARY}"\r\n`);
      return (await client.readLine()).text;
    }));

  it("works by LOGIN with synchronizing literals", () =>
    logsIn("literal", async (client) => {
      client.write(`a LOGIN {${address("literal").length}}\r\n`);
      expect((await client.readLine()).text).toMatch(/^\+/);
      client.write(`${address("literal")} {${octets("literal").length}}\r\n`);
      expect((await client.readLine()).text).toMatch(/^\+/);
      client.write(octets("literal"));
      client.write("\r\n");
      return (await client.readLine()).text;
    }));

  it("works by LOGIN with non-synchronizing literals", () =>
    logsIn("nonsync", async (client) => {
      const reply = await client.logIn(address("nonsync"), octets("nonsync"));
      return `a ${reply.status} ${reply.text}`;
    }));

  it("works by AUTHENTICATE PLAIN with an initial response", () =>
    logsIn("plain", async (client) => {
      const answer = Buffer.from(`\0${address("plain")}\0${USERS.plain}`).toString("base64");
      client.write(`a AUTHENTICATE PLAIN ${answer}\r\n`);
      return (await client.readLine()).text;
    }));

  it("works by AUTHENTICATE PLAIN without an initial response", () =>
    logsIn("plain-late", async (client) => {
      client.write("a AUTHENTICATE PLAIN\r\n");
      expect((await client.readLine()).text).toMatch(/^\+/);
      client.write(
        `${Buffer.from(`\0${address("plain-late")}\0${USERS["plain-late"]}`).toString("base64")}\r\n`,
      );
      return (await client.readLine()).text;
    }));

  it("works by AUTHENTICATE LOGIN with the name as initial response", () =>
    logsIn("login", async (client) => {
      client.write(`a AUTHENTICATE LOGIN ${Buffer.from(address("login")).toString("base64")}\r\n`);
      expect((await client.readLine()).text).toMatch(/^\+/);
      client.write(`${Buffer.from(USERS.login).toString("base64")}\r\n`);
      return (await client.readLine()).text;
    }));

  it("works by AUTHENTICATE LOGIN without an initial response", () =>
    logsIn("login-late", async (client) => {
      client.write("a AUTHENTICATE LOGIN\r\n");
      await client.readLine();
      client.write(`${Buffer.from(address("login-late")).toString("base64")}\r\n`);
      await client.readLine();
      client.write(`${Buffer.from(USERS["login-late"]).toString("base64")}\r\n`);
      return (await client.readLine()).text;
    }));

  it("brings the mailbox: the same folders, contents, dates and flags on both sides", async () => {
    for (const user of ["quoted", "plain"] as const) {
      await platform.synced(user);
      const { source, target } = await platform.bothSides(user);
      expect(differences(source, target)).toEqual([]);
      expect(target.get("INBOX")?.messages.length).toBe(1);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { Pop3Client } from "../kit/pop3-client.ts";
import { plain } from "../kit/smtp-client.ts";
import { waitFor } from "../kit/wait-for.ts";

/** One account a way of logging in; odd octets on purpose, and one that is longer than a command of POP3 may be. */
const USERS = {
  mario: ` ma%rio~ "${CANARY}\\ `,
  luigi: `lu"igi\\ ${CANARY}`,
  anna: `änna=${CANARY}`,
  carla: `${CANARY}${"x".repeat(300)}`,
} as const;

type User = keyof typeof USERS;

const address = (user: User) => `${user}@${DOMAIN}`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe.each(["user", "authzid", "separator"] as const)("Dovecot's POP3 server, reached as %s", (as) => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform({
      users: USERS,
      as,
      target: { pop3: true, trustProxy: true },
      doors: (target) => ({ pop3: target.pop3Endpoint(as === "authzid" ? "implicit" : "starttls") }),
    });
    const place = { ...platform.source.endpoint(), tls: "starttls" as const };
    await fillMailbox(place, address("mario"), USERS.mario, {
      INBOX: [
        { body: Buffer.from("Subject: one\r\n\r\nhello\r\n.dot\r\n"), flags: ["\\Seen"] },
        { body: Buffer.from("Subject: two\r\n\r\nfirst line\r\nsecond line\r\n") },
      ],
    });
  });

  afterAll(() => platform?.stop());

  const enter = (tls: "starttls" | "implicit" = "starttls") =>
    Pop3Client.connect(platform.imbarco.door("pop3", tls));

  it("is told of in CAPA before the login once imbarco has asked it", async () => {
    await waitFor(async () => {
      const client = await enter();
      const offers = await client.list("CAPA");
      client.close();
      return offers.includes("PIPELINING");
    }, "the target's capabilities");
    const client = await enter("implicit");
    const offers = await client.list("CAPA");
    client.close();
    expect(offers).toEqual(expect.arrayContaining(["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "USER"]));
    expect(offers.at(-1)).toBe("SASL PLAIN LOGIN");
    expect(offers.join(" ")).not.toContain("STLS");
  });

  it("lets a first login in by USER and PASS, which starts the migration", async () => {
    const client = await enter();
    expect(await client.logIn(address("mario"), USERS.mario)).toBe("+OK Logged in");
    expect(await client.say("STAT")).toMatch(/^\+OK /);
    expect(await client.say("QUIT")).toMatch(/^\+OK /);
    expect(await client.rest()).toBe("");
    await platform.synced("mario");
    const { target } = await platform.bothSides("mario");
    expect(target.get("INBOX")?.messages.length).toBe(2);
  });

  it("gives the mail, and takes commands that came behind the password", async () => {
    const client = await enter("implicit");
    await client.say(`USER ${address("mario")}`);
    client.write(`PASS ${USERS.mario}\r\nSTAT\r\nUIDL 1\r\n`);
    expect(await client.reply()).toBe("+OK Logged in");
    expect(await client.reply()).toMatch(/^\+OK 2 /);
    expect(await client.reply()).toMatch(/^\+OK 1 \S+$/);
    expect(await client.list("LIST")).toEqual([
      expect.stringMatching(/^1 \d+$/),
      expect.stringMatching(/^2 \d+$/),
    ]);
    expect(await client.list("RETR 1")).toEqual(["Subject: one", "", "hello", ".dot"]);
    expect(await client.list("TOP 2 1")).toEqual(["Subject: two", "", "first line"]);
    expect(await client.say("DELE 2")).toMatch(/^\+OK /);
    expect(await client.say("QUIT")).toMatch(/^\+OK /);
    const again = await enter();
    expect(await again.logIn(address("mario"), USERS.mario)).toBe("+OK Logged in");
    expect(await again.list("UIDL")).toHaveLength(1);
    again.close();
  });

  it("lets in by AUTH PLAIN, at once or asked for", async () => {
    const client = await enter();
    expect(await client.say(`AUTH PLAIN ${plain(address("luigi"), USERS.luigi)}`)).toBe("+OK Logged in");
    client.close();
    const other = await enter("implicit");
    expect(await other.say("AUTH PLAIN")).toBe("+ ");
    expect(await other.say(plain(address("carla"), USERS.carla))).toBe("+OK Logged in");
    other.close();
    for (const user of ["luigi", "carla"] as const)
      expect((await platform.account(user)).state).not.toBe("waiting");
  });

  it("lets in by AUTH LOGIN, the name in the same line or not", async () => {
    const client = await enter();
    expect(await client.say("AUTH LOGIN")).toBe("+ VXNlcm5hbWU6");
    expect(await client.say(base64(address("anna")))).toBe("+ UGFzc3dvcmQ6");
    expect(await client.say(base64(USERS.anna))).toBe("+OK Logged in");
    client.close();
    const other = await enter();
    expect(await other.say(`AUTH LOGIN ${base64(address("anna"))}`)).toBe("+ UGFzc3dvcmQ6");
    expect(await other.say(base64(USERS.anna))).toBe("+OK Logged in");
    other.close();
  });

  it("sees the client's address and imbarco's session", async () => {
    const place = { ...platform.imbarco.door("pop3"), localAddress: "127.0.0.2" };
    const client = await Pop3Client.connect(place);
    await client.logIn(address("mario"), USERS.mario);
    client.close();
    const seen = await waitFor(
      async () => /pop3-login: .*rip=127\.0\.0\.2,.*session=<(\w+)>/.exec(await platform.target.log()),
      "the login in Dovecot's log",
    );
    await waitFor(
      async () =>
        platform.imbarco
          .logLines()
          .some(({ event, session }) => event === "login.ok" && session === seen?.[1]),
      "the same session in imbarco's log",
    );
  });

  it("is not asked for a wrong password or an unknown account, and both sound alike", async () => {
    const client = await enter();
    const wrong = await client.logIn(address("mario"), `wrong-${CANARY}`);
    expect(wrong).toBe("-ERR [AUTH] Wrong user name or password");
    expect(await client.logIn(`nobody@${DOMAIN}`, `wrong-${CANARY}`)).toBe(wrong);
    expect(await client.say("STAT")).toMatch(/^-ERR /);
    expect(await client.logIn(address("mario"), USERS.mario)).toBe("+OK Logged in");
    client.close();
  });

  it("that is down is no wrong password, and what it offers stays known", async () => {
    await platform.target.halt();
    try {
      const client = await enter();
      expect(await client.list("CAPA")).toContain("PIPELINING");
      expect(await client.logIn(address("mario"), USERS.mario)).toMatch(/^-ERR \[SYS\/TEMP\] /);
      client.close();
    } finally {
      await platform.target.start();
    }
  });
});

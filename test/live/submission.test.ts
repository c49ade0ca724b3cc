import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { plain, SmtpClient } from "../kit/smtp-client.ts";
import { type SmtpSink, type SunkMessage, startSmtpSink } from "../kit/smtp-sink.ts";
import { waitFor } from "../kit/wait-for.ts";

const USERS = {
  mario: `ma%rio~${CANARY}`,
  luigi: `lu"igi\\ ${CANARY}`,
  anna: `änna=${CANARY}`,
  carla: `carla ${CANARY}`,
} as const;

type User = keyof typeof USERS;

const address = (user: User) => `${user}@${DOMAIN}`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

function contentOf(message: SunkMessage | undefined): string {
  const text = message?.octets.toString() ?? "";
  return message?.by === "DATA" ? text.replace(/^\.\./gm, ".") : text;
}

describe.each(["user", "authzid", "separator"] as const)(
  "Dovecot's submission server, reached as %s",
  (as) => {
    let sink: SmtpSink;
    let platform: Platform;

    beforeAll(async () => {
      sink = await startSmtpSink();
      platform = await startPlatform({
        users: USERS,
        as,
        target: { submission: { relayPort: sink.port }, trustProxy: true },
        doors: (target) => ({ submission: target.submissionEndpoint() }),
      });
      const place = { ...platform.source.endpoint(), tls: "starttls" as const };
      await fillMailbox(place, address("mario"), USERS.mario, {
        INBOX: [{ body: Buffer.from("Subject: old\r\n\r\nhello\r\n"), flags: ["\\Seen"] }],
      });
    });

    afterAll(async () => {
      await platform?.stop();
      await sink?.close();
    });

    const enter = (tls: "starttls" | "implicit" = "starttls", name?: string) =>
      SmtpClient.connect(platform.imbarco.door("submission", tls), name);

    it("is told of in EHLO once imbarco has asked it", async () => {
      await waitFor(async () => {
        const client = await enter();
        client.close();
        return client.offers.some((line) => line.includes("CHUNKING"));
      }, "the target's keywords");
      const client = await enter("implicit");
      expect(client.offers).toContain("250-8BITMIME");
      expect(client.offers.at(-1)).toBe("250 AUTH PLAIN LOGIN");
      expect(client.offers.join(" ")).not.toMatch(/BURL|XCLIENT|STARTTLS/);
      client.close();
    });

    it("lets a first login in, which starts the migration", async () => {
      const client = await enter();
      expect(await client.logIn(address("mario"), USERS.mario)).toEqual(["235 2.7.0 Logged in"]);
      expect(await client.say("RSET")).toEqual([expect.stringMatching(/^250 /)]);
      expect(await client.say(`MAIL FROM:<${address("mario")}>`)).toEqual([expect.stringMatching(/^250 /)]);
      client.close();
      await platform.synced("mario");
      const { target } = await platform.bothSides("mario");
      expect(target.get("INBOX")?.messages.length).toBe(1);
    });

    it("lets in by AUTH PLAIN that waits to be asked, inside TLS from the first byte", async () => {
      const client = await enter("implicit");
      expect(await client.say("AUTH PLAIN")).toEqual(["334 "]);
      expect(await client.say(plain(address("luigi"), USERS.luigi))).toEqual(["235 2.7.0 Logged in"]);
      client.close();
    });

    it("lets in by AUTH LOGIN, the name in the same line or not", async () => {
      const client = await enter();
      expect(await client.say("AUTH LOGIN")).toEqual(["334 VXNlcm5hbWU6"]);
      expect(await client.say(base64(address("anna")))).toEqual(["334 UGFzc3dvcmQ6"]);
      expect(await client.say(base64(USERS.anna))).toEqual(["235 2.7.0 Logged in"]);
      client.close();
      const other = await enter();
      expect(await other.say(`AUTH LOGIN ${base64(address("anna"))}`)).toEqual(["334 UGFzc3dvcmQ6"]);
      expect(await other.say(base64(USERS.anna))).toEqual(["235 2.7.0 Logged in"]);
      other.close();
    });

    it("takes mail with all that it offers, and hands on what was sent", async () => {
      const client = await enter();
      await client.logIn(address("mario"), USERS.mario);
      const body = "Subject: dots\r\n\r\n.\r\n..\r\nend\r\n";
      const sent = sink.messages.length;
      client.write(
        `MAIL FROM:<${address("mario")}> RET=HDRS ENVID=abc BODY=8BITMIME\r\nRCPT TO:<luigi@other.test> NOTIFY=SUCCESS,FAILURE\r\nDATA\r\n`,
      );
      await client.reply();
      await client.reply();
      expect(await client.reply()).toEqual([expect.stringMatching(/^354/)]);
      expect(await client.say(`${body.replace(/^\./gm, "..")}.`)).toEqual([expect.stringMatching(/^250/)]);
      await client.say(`MAIL FROM:<${address("mario")}>`);
      await client.say("RCPT TO:<anna@other.test>");
      client.write("BDAT 15\r\nSubject: bdat\r\n");
      expect(await client.reply()).toEqual([expect.stringMatching(/^250/)]);
      client.write("BDAT 5 LAST\r\n\r\nx\r\n");
      expect(await client.reply()).toEqual([expect.stringMatching(/^250/)]);
      expect(await client.say("QUIT")).toEqual([expect.stringMatching(/^221/)]);
      expect(await client.rest()).toBe("");
      const [first, second] = sink.messages.slice(sent);
      expect(first?.from).toMatch(/RET=HDRS/);
      expect(first?.to.join()).toMatch(/NOTIFY=SUCCESS,FAILURE/);
      expect(contentOf(first)).toContain(body);
      expect(contentOf(second)).toContain("Subject: bdat\r\n\r\nx\r\n");
    });

    it("sees the client's address and imbarco's session", async () => {
      const place = { ...platform.imbarco.door("submission"), localAddress: "127.0.0.2" };
      const client = await SmtpClient.connect(place, "somewhere.test");
      await client.logIn(address("mario"), USERS.mario);
      client.close();
      const seen = await waitFor(
        async () =>
          /submission-login: .*rip=127\.0\.0\.2,.*session=<(\w+)>/.exec(await platform.target.log()),
        "the login in Dovecot's log",
      );
      const granted = () => platform.imbarco.logLines().filter(({ event }) => event === "login.ok");
      await waitFor(() => granted().some(({ session }) => session === seen[1]), "the same session here");
    });

    it("is not asked for a wrong password or an unknown account, and both sound alike", async () => {
      const client = await enter();
      const wrong = await client.logIn(address("mario"), `wrong-${CANARY}`);
      expect(wrong).toEqual(["535 5.7.8 Wrong user name or password"]);
      expect(await client.logIn(`nobody@${DOMAIN}`, `wrong-${CANARY}`)).toEqual(wrong);
      expect(await client.say("MAIL FROM:<>")).toEqual(["530 5.7.0 Authentication required"]);
      expect(await client.logIn(address("mario"), USERS.mario)).toEqual(["235 2.7.0 Logged in"]);
      client.close();
    });

    it("that is down makes a login wait, not fail for good, and its keywords stay", async () => {
      await platform.target.halt();
      try {
        const client = await enter();
        expect(client.offers.join()).toContain("CHUNKING");
        expect(await client.logIn(address("mario"), USERS.mario)).toEqual([
          "454 4.7.0 The mail server cannot log you in now, try again later",
        ]);
        client.close();
      } finally {
        await platform.target.start();
      }
    });
  },
);

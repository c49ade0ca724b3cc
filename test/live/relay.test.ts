import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { expectOk, ImapClient } from "../kit/imap-client.ts";
import { openMailbox, readMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `relay-${CANARY}`;
const ADDRESS = `greta@${DOMAIN}`;

describe("a session behind the login", () => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform({ users: { greta: PASSWORD } });
  });

  afterAll(() => platform?.stop());

  it("gets the answer to each command that was sent in one packet with the login", async () => {
    const client = await platform.client();
    const pipelined = ["b SELECT INBOX", "c APPEND INBOX {9+}\r\nS: x\r\n\r\ny", "d NOOP", "e CAPABILITY"];
    client.write([`a LOGIN "${ADDRESS}" "${PASSWORD}"`, ...pipelined, ""].join("\r\n"));
    expect((await client.answerTo("a")).text).toMatch(/^\[CAPABILITY IMAP4rev1/);
    // Dovecot works on pipelined commands in parallel, so their answers come in any order.
    const open = new Set(["b", "c", "d", "e"]);
    while (open.size > 0) {
      const { text } = await client.readLine();
      if (/^[b-e] OK /.test(text)) open.delete(text.slice(0, 1));
    }
    const status = await client.command("STATUS INBOX (MESSAGES)");
    expect(status.untagged.map((line) => line.text).join()).toContain("MESSAGES 1");
    client.close();
  });

  it("hears of new mail by IDLE", async () => {
    const idler = await platform.logIn("greta");
    expectOk(await idler.command("SELECT INBOX"), "SELECT");
    const tag = idler.send("IDLE");
    expect((await idler.readLine()).text).toMatch(/^\+/);
    const writer = await platform.logIn("greta");
    expectOk(await writer.command("APPEND INBOX ", Buffer.from("Subject: new\r\n\r\nhere\r\n")), "APPEND");
    await waitFor(async () => (await idler.readLine()).text.endsWith(" EXISTS"), "an EXISTS in IDLE");
    idler.write("DONE\r\n");
    expect((await idler.answerTo(tag)).status).toBe("OK");
    idler.close();
    writer.close();
  });

  it("carries a message of 30 MB both ways without changing an octet", async () => {
    const line = Buffer.from(`${randomBytes(36).toString("base64")}\r\n`);
    const body = Buffer.concat([
      Buffer.from("Subject: large\r\n\r\n"),
      ...Array.from({ length: Math.ceil((30 * 1024 * 1024) / line.length) }, () => line),
    ]);
    const client = await platform.logIn("greta");
    expectOk(await client.command("CREATE Large"), "CREATE");
    expectOk(await client.command("APPEND Large ", body), "APPEND");
    expectOk(await client.command("SELECT Large"), "SELECT");
    const reply = expectOk(await client.command("FETCH 1 BODY.PEEK[]"), "FETCH");
    const digest = (octets: Buffer) => createHash("sha256").update(octets).digest("hex");
    expect(digest(reply.untagged[0]?.literals[0] ?? Buffer.alloc(0))).toBe(digest(body));
    client.close();
    const stored = await readMailbox({ ...platform.target.endpoint(), tls: "starttls" }, ADDRESS, PASSWORD);
    expect(stored.get("Large")?.messages.map((message) => message.sha256)).toEqual([digest(body)]);
  });

  it("ends on both sides when the mail program hangs up in the middle of a command", async () => {
    const before = platform.imbarco.logLines().filter((line) => line.event === "session.close").length;
    const client = await platform.logIn("greta");
    client.write("x APPEND INBOX {100+}\r\nonly the begin");
    client.close();
    await waitFor(
      async () =>
        platform.imbarco.logLines().filter((line) => line.event === "session.close").length > before,
      "the end of the session",
    );
    const direct = await openMailbox({ ...platform.target.endpoint(), tls: "starttls" }, ADDRESS, PASSWORD);
    expectOk(await direct.command("NOOP"), "NOOP");
    direct.close();
  });

  it("is closed when the new server goes away, so that the mail program connects anew", async () => {
    const client = await platform.logIn("greta");
    await platform.target.halt();
    await client.closedByServer();
    await platform.target.start();
    const again = await platform.logIn("greta");
    expectOk(await again.command("NOOP"), "NOOP");
    again.close();
  });

  it("may go on during the drain after SIGTERM, while no new one is taken", async () => {
    const client = await platform.logIn("greta");
    const ended = platform.imbarco.terminate();
    await waitFor(async () => {
      const late = await ImapClient.connect(platform.imbarco.place()).catch(() => null);
      late?.close();
      return late === null;
    }, "the port to close");
    await client.closedByServer();
    expect(await ended).toBe(0);
    await platform.imbarco.start();
  });
});

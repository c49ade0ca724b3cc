import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";

const DATE = "17-Jul-1996 02:44:25 -0700";

function mail(headers: string, body: string | Buffer = "text\r\n"): Buffer {
  return Buffer.concat([Buffer.from(`${headers}\r\n\r\n`, "latin1"), Buffer.from(body)]);
}

/** Octets that no compressor and no accident repeats: a hash of a hash of a hash. */
function noise(octets: number): Buffer {
  const pieces: Buffer[] = [];
  let last = Buffer.from("seed");
  for (let length = 0; length < octets; length += 64) {
    last = createHash("sha256").update(last).digest();
    pieces.push(
      Buffer.from(`${last.toString("base64url").slice(0, 43)}${last.toString("hex").slice(0, 19)}\r\n`),
    );
  }
  return Buffer.concat(pieces).subarray(0, octets);
}

const IMAP_LOOKING = [
  ")",
  "* 1 FETCH (UID 1 BODY[] {3}",
  "abc)",
  "a1 OK FETCH completed",
  "* BYE go away",
  "{100+}",
  "A2 LOGOUT",
  ".",
  "",
].join("\r\n");

const ODD_MESSAGES: Readonly<Record<string, Buffer>> = {
  "8-bit headers": mail("Subject: caff\xe8 \xff\xfe\r\nFrom: \xc3\xa8@example.test"),
  "lines of 100,000 characters": mail(
    "Subject: long",
    `${"x".repeat(100_000)}\r\n${"y".repeat(100_000)}\r\n`,
  ),
  "a header line of 100,000 characters": mail(`X-Long: ${"z".repeat(100_000)}`),
  "text that looks like IMAP": mail("Subject: imap", IMAP_LOOKING),
  "no header": Buffer.from("\r\nonly a body\r\n"),
  "no body": mail("Subject: nothing", ""),
  "a single octet": Buffer.from("x"),
  "no line end": mail("Subject: cut", "the end"),
  "every octet but NUL, CR and LF": mail(
    "Subject: binary",
    Buffer.from(
      Array.from({ length: 255 }, (_, at) => at + 1).filter((octet) => octet !== 13 && octet !== 10),
    ),
  ),
  "an mbox line": mail("Subject: mbox", "From here to there\r\n>From\r\n"),
  "a literal's limit": mail("Subject: 4096", "a".repeat(4096 - 19)),
  "30 MB": mail("Subject: large", noise(30 * 1024 * 1024)),
};

describe("messages of every kind", () => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna", "bruno", "carla"] });
  });

  afterAll(() => copying?.stop());

  async function fill(
    user: string,
    folders: Readonly<Record<string, readonly MessageToStore[]>>,
  ): Promise<void> {
    await fillMailbox(copying.source.endpoint(), copying.address(user), PASSWORD, folders);
  }

  it("arrive with the same octets, date, flags and keywords, and duplicates as often as they were", async () => {
    const twin = { body: mail("Message-ID: <twin@example.test>\r\nSubject: twin"), internalDate: DATE };
    const sameDate = (text: string) => ({ body: mail(`Subject: same size ${text}`), internalDate: DATE });
    await fill("anna", {
      INBOX: Object.values(ODD_MESSAGES).map((body) => ({
        body,
        internalDate: DATE,
        flags: ["\\Seen", "$MDNSent"],
      })),
      Twins: [twin, twin, { ...twin, flags: ["\\Flagged"] }, sameDate("a"), sameDate("b"), sameDate("b")],
      Dates: ["01-Jan-1990 00:00:00 +0000", " 1-Feb-2020 23:59:59 +1400", "29-Feb-2024 12:00:00 -1130"].map(
        (internalDate) => ({ body: mail("Subject: date"), internalDate }),
      ),
      Flags: [
        ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"],
        ["$Forwarded", "NonJunk", "a+b!#'.-_"],
        [],
      ].map((flags) => ({ body: mail("Subject: flags"), flags })),
    });
    const count = Object.keys(ODD_MESSAGES).length + 12;
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: count, refused: 0 });
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("that the target does not take as they are arrive within a covering message, and the rest as it is", async () => {
    await fill("bruno", { INBOX: [{ body: mail("Subject: before") }, { body: mail("Subject: after") }] });
    // IMAP cannot store an empty message, so it goes into the Maildir as a delivery of long ago would have left it.
    const maildir = join(copying.source.folder, "mail", copying.address("bruno"), "mail", "new");
    await mkdir(maildir, { recursive: true });
    await writeFile(join(maildir, "1000000000.M1P1.old"), "", { mode: 0o666 });
    expect(await copying.pass("bruno")).toEqual({ kind: "done", copied: 3, refused: 0 });
    expect(await copying.account("bruno")).toMatchObject({
      state: "synced",
      quarantined: 0,
      messagesTotal: 3,
      messagesCopied: 3,
    });
    const [inbox] = await copying.ledger("bruno");
    const wrapped = inbox?.entries.filter((entry) => entry.remedy !== undefined);
    expect(wrapped).toMatchObject([
      { size: 0, remedy: "wrapped", steps: [{ step: "as-is", words: expect.stringMatching(/zero byte/i) }] },
    ]);
    expect(await copying.pass("bruno")).toEqual({ kind: "done", copied: 0, refused: 0 });
  });
});

describe("a message whose keyword the target refuses", () => {
  it("arrives without its keywords, and a keyword set later stops nothing", async () => {
    const source = { config: "mail_max_keyword_length = 200" };
    const copying = await startCopying({ users: ["anna"], source });
    try {
      const flags = ["k".repeat(150), "\\Flagged"];
      await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
        INBOX: [{ body: mail("Subject: long keyword"), flags }, { body: mail("Subject: plain") }],
      });
      expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 2, refused: 0 });
      const inbox = (await copying.read("target", "anna")).get("INBOX");
      expect(inbox?.messages.map((message) => message.flags)).toEqual(
        expect.arrayContaining([["\\Flagged"], []]),
      );
      await copying.act("source", "anna", "INBOX", `UID STORE 2 +FLAGS (${"l".repeat(150)})`);
      expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
    } finally {
      await copying.stop();
    }
  });
});

describe("messages over a limit", () => {
  it("are recorded as refused without being sent", async () => {
    const copying = await startCopying({ users: ["anna"], copy: { maxMessageSize: 1_000 } });
    try {
      await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
        INBOX: [{ body: mail("Subject: small") }, { body: mail("Subject: large", "x".repeat(2_000)) }],
      });
      expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 1 });
      const [inbox] = await copying.ledger("anna");
      expect(inbox?.entries.map((entry) => entry.refusal)).toEqual([
        null,
        "larger than copy.maxMessageSize (1000 octets)",
      ]);
    } finally {
      await copying.stop();
    }
  });

  it("of a full mailbox wait until there is room", async () => {
    const quota = (octets: number) =>
      `mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota imap_quota\n}\nplugin {\n  quota = maildir:User quota\n  quota_rule = *:storage=${octets}B\n  quota_grace = 0\n}`;
    const copying = await startCopying({ users: ["anna"], target: { config: quota(20_000) } });
    try {
      const big = { body: mail("Subject: big", "x".repeat(9_000)) };
      await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
        INBOX: [big, big, big, big],
      });
      const outcome = await copying.pass("anna");
      expect(outcome).toMatchObject({ kind: "failed", failure: { kind: "target-over-quota" } });
      expect(await copying.account("anna")).toMatchObject({
        state: "attention",
        reason: "target_over_quota",
        quarantined: 0,
      });
      await copying.act("target", "anna", "INBOX", "UID STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE");
      expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 2, refused: 0 });
      expect(await copying.account("anna")).toMatchObject({ state: "synced", reason: null });
    } finally {
      await copying.stop();
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { climbLadder, type LadderPlace, ladderEntry } from "../../src/copy/refused/ladder.ts";
import { recogniseRemedied } from "../../src/copy/refused/recognise-remedied.ts";
import { silentLog } from "../../src/log/log.ts";
import { refreshCapabilities } from "../../src/upstream/imap/commands/capability.ts";
import { fetchBodies } from "../../src/upstream/imap/commands/fetch-bodies.ts";
import { fetchMetadata, type MessageMetadata } from "../../src/upstream/imap/commands/fetch-metadata.ts";
import { logIn } from "../../src/upstream/imap/commands/login.ts";
import { openFolder } from "../../src/upstream/imap/commands/select.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { openImap } from "../../src/upstream/open.ts";
import { type BreakingRelay, startBreakingRelay } from "../kit/breaking-relay.ts";
import { damaged, damagedInTransit } from "../kit/damage.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { type RefusingRelay, startRefusingRelay, strictly } from "../kit/refusing-relay.ts";
import { ANNA, ANNA_PASSWORD, withPassword } from "./upstream-under-test.ts";

const DATE = "17-Jul-1996 02:44:25 -0700";
const MESSAGES = {
  nul: "Subject: =?utf-8?q?caff=C3=A8?=\r\nMessage-ID: <nul@old.example>\r\n\r\na<NUL>b\r\n",
  bare: "Subject: bare\r\n\r\none<LF>two<CR>three\r\n",
  mbox: "From a@b Thu Jan  1 00:00:00 1998\r\nSubject: mbox\r\n\r\ntext",
  header: "From: Zoe <z@old.example>\r\nSubject: bad header\r\nX-Bad: x\r\n\r\n\xe8\r\n",
  headerAndNul: "From: Zoe <z@old.example>\r\nSubject: worse\r\nX-Bad: x\r\n\r\na<NUL>b\r\n",
  virus: "Subject: EICAR\r\n\r\nEICAR\r\n",
  tooMuch: "Subject: TOO-MUCH\r\n\r\na<NUL>TOO-MUCH",
} as const;

describe("a message that the target refuses", () => {
  let source: Dovecot;
  let target: Dovecot;
  let damaging: BreakingRelay;
  let refusing: RefusingRelay;
  let at: LadderPlace;
  let listed: MessageMetadata[];

  beforeAll(async () => {
    const users = { [ANNA]: ANNA_PASSWORD };
    [source, target] = await Promise.all([startDovecot({ users }), startDovecot({ users })]);
    await fillMailbox(source.endpoint(), ANNA, ANNA_PASSWORD, {
      INBOX: Object.values(MESSAGES).map((text) => ({ body: damaged(text), internalDate: DATE })),
    });
    damaging = await startBreakingRelay({ host: source.host, port: source.imapPort }, damagedInTransit);
    refusing = await startRefusingRelay({ host: target.host, port: target.imapPort }, strictly);
    const from = await connect("source", damaging.port);
    const opened = await openFolder(from, "INBOX", "examine");
    const to = await connect("target", refusing.port);
    await openFolder(to, "INBOX", "select");
    listed = await listing(from);
    at = {
      source: from,
      target: to,
      account: ANNA,
      sourceFolder: "INBOX",
      sourceUidValidity: opened.uidValidity,
      targetFolder: "INBOX",
      sizeLimit: null,
      keepHold: async () => undefined,
    };
  });

  afterAll(async () => {
    at?.source.close();
    at?.target.close();
    await Promise.all([damaging?.stop(), refusing?.stop()]);
    await Promise.all([source?.stop(), target?.stop()]);
  });

  function messageOf(name: keyof typeof MESSAGES): MessageMetadata {
    return listed[Object.keys(MESSAGES).indexOf(name)] as MessageMetadata;
  }

  function climb(name: keyof typeof MESSAGES, place: LadderPlace = at) {
    return climbLadder(place, {
      message: messageOf(name),
      flags: ["\\Seen", "$Work"],
      words: "No thanks",
    });
  }

  it("is stored mended, with its date and flags, and its words are kept", async () => {
    const result = await climb("nul");
    expect(result).toMatchObject({
      kind: "stored",
      remedy: "mended",
      subject: "caffè",
      steps: [{ step: "as-is", words: "Message contains NUL characters" }],
    });
    const entry = ladderEntry(messageOf("nul"), result);
    expect(entry).toMatchObject({ remedy: "mended", refusal: null, size: messageOf("nul").size });
    const stored = (await listing(at.target)).find(({ uid }) => uid === entry?.targetUid);
    expect(stored).toMatchObject({
      internalDate: messageOf("nul").internalDate,
      flags: ["\\Seen", "$Work"],
    });
    expect(await octetsOf(at.target, entry?.targetUid)).toBe(MESSAGES.nul.replace("<NUL>", ""));
  });

  it("gets sound line ends, and loses a mailbox file's separator", async () => {
    for (const [name, text] of [
      ["bare", "Subject: bare\r\n\r\none\r\ntwo\r\nthree\r\n"],
      ["mbox", "Subject: mbox\r\n\r\ntext\r\n"],
    ] as const) {
      const entry = ladderEntry(messageOf(name), await climb(name));
      expect(await octetsOf(at.target, entry?.targetUid)).toBe(text);
    }
  });

  it("is stored unchanged within a covering message where mending does not help", async () => {
    const result = await climb("header");
    expect(result).toMatchObject({ kind: "stored", remedy: "wrapped" });
    const uid = ladderEntry(messageOf("header"), result)?.targetUid;
    const text = await octetsOf(at.target, uid);
    expect(text).toContain(`\r\nContent-Type: message/rfc822\r\n`);
    expect(text).toContain(`\r\n\r\n${MESSAGES.header}\r\n--`);
    const worse = await climb("headerAndNul");
    expect(worse).toMatchObject({
      remedy: "wrapped",
      steps: [
        { step: "as-is", words: "Message contains NUL characters" },
        { step: "mended", words: "Message contains invalid header" },
      ],
    });
    const inBase64 = await octetsOf(at.target, ladderEntry(messageOf("headerAndNul"), worse)?.targetUid);
    const attached = /base64\r\n.*?\r\n\r\n(.*?)\r\n\r\n--/s.exec(inBase64)?.[1] ?? "";
    expect(Buffer.from(attached, "base64").toString("latin1")).toBe(
      MESSAGES.headerAndNul.replace("<NUL>", "\0"),
    );
  });

  it("comes into quarantine with the words of every step where nothing helps", async () => {
    const result = await climb("virus");
    const words = "[CANNOT] Message contains a virus";
    expect(ladderEntry(messageOf("virus"), result)).toMatchObject({
      targetUid: null,
      refusal: words,
      subject: "EICAR",
      steps: [
        { step: "as-is", words },
        { step: "wrapped", words },
      ],
    });
    const nothing = await climb("nul", { ...at, sizeLimit: { octets: 5, words: "larger than 5 octets" } });
    expect(nothing.kind).toBe("quarantined");
    const said =
      nothing.kind === "quarantined" ? nothing.steps.map((one) => `${one.step}: ${one.words}`) : [];
    expect(said).toEqual([
      expect.stringMatching(/^as-is: \d+ octets, larger than 5 octets$/),
      expect.stringMatching(/^mended: \d+ octets, larger than 5 octets$/),
      expect.stringMatching(/^wrapped: \d+ octets, larger than 5 octets$/),
    ]);
  });

  it("climbs no further when the mailbox is full, and is no message's fault", async () => {
    const result = await climb("tooMuch");
    expect(result).toEqual({ kind: "over-quota", words: "[OVERQUOTA] No room" });
    expect(ladderEntry(messageOf("tooMuch"), result)).toBeNull();
  });

  it("is recognised where a crash came before its record, mended or wrapped, also under another UIDVALIDITY", async () => {
    const wanted = [messageOf("bare"), messageOf("nul"), messageOf("header"), messageOf("virus")];
    const found = await listing(at.target);
    const arrived = await recogniseRemedied(at, wanted, found);
    const remedies = wanted.map(({ uid }) => arrived.get(uid)?.remedy);
    expect(remedies).toEqual(["mended", "mended", "wrapped", undefined]);
    const renumbered = await recogniseRemedied({ ...at, sourceUidValidity: 4 }, wanted, found);
    expect(renumbered).toEqual(arrived);
    expect(new Set([...arrived.values()].map((one) => one.arrived.uid)).size).toBe(3);
  });
});

async function connect(side: "source" | "target", port: number): Promise<ImapConnection> {
  const endpoint = { host: "127.0.0.1", port, tls: "none" as const, ca: null, verify: true };
  const connection = await openImap({ log: silentLog() }, side, endpoint);
  const outcome = await logIn(connection, withPassword(ANNA, ANNA_PASSWORD));
  expect(outcome.kind).toBe("ok");
  await refreshCapabilities(connection);
  return connection;
}

async function listing(connection: ImapConnection): Promise<MessageMetadata[]> {
  const messages: MessageMetadata[] = [];
  for await (const message of fetchMetadata(connection, "1:*", { messageId: true })) messages.push(message);
  return messages;
}

async function octetsOf(connection: ImapConnection, uid: number | null | undefined): Promise<string> {
  const pieces: Buffer[] = [];
  await fetchBodies(connection, [uid ?? 0], async ({ body }) => {
    for await (const piece of body) pieces.push(piece);
  });
  return Buffer.concat(pieces).toString("latin1");
}

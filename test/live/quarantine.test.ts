import { afterEach, describe, expect, it } from "vitest";
import { quarantineOf } from "../../src/cutover/quarantine.ts";
import { passOver, retryQuarantined } from "../../src/cutover/quarantine-retry.ts";
import { verifyAccount } from "../../src/cutover/verify.ts";
import { type BreakingRelay, type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { damaged, damagedInTransit } from "../kit/damage.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { type RefusingRelay, startRefusingRelay, strictly } from "../kit/refusing-relay.ts";

const DATE = "17-Jul-1996 02:44:25 -0700";
const mail = (text: string, ...flags: string[]): MessageToStore => ({
  body: damaged(text),
  internalDate: DATE,
  flags,
});
const SOUND = Array.from({ length: 30 }, (_, at) => mail(`Subject: sound ${at}\r\n\r\ntext\r\n`));
const NUL = mail("Subject: NUL\r\nMessage-ID: <n@old.example>\r\n\r\na<NUL>b\r\n", "\\Seen", "$Work");
const BARE = mail("Subject: bare\r\n\r\na<LF>b<CR>c\r\n");
const HEADER = mail("Subject: header\r\nX-Bad: x\r\n\r\ntext\r\n", "\\Flagged");
const VIRUS = mail("Subject: =?iso-8859-1?q?Caff=E8?= EICAR\r\n\r\nEICAR\r\n");

/** A target without UIDPLUS and MULTIAPPEND. */
function damagedUids(_: unknown, piece: Buffer, from: "client" | "server"): Buffer | undefined {
  if (from === "client") return undefined;
  return Buffer.from(piece.toString("latin1").replace(/UIDPLUS|APPENDUID|MULTIAPPEND/g, "XXXXXXX"), "latin1");
}

describe("an account with messages that the target refuses", () => {
  let copying: Copying;
  let damaging: BreakingRelay;
  let refusing: RefusingRelay;
  let nameless: BreakingRelay | undefined;

  afterEach(async () => {
    await Promise.all([damaging?.stop(), refusing?.stop(), nameless?.stop()]);
    nameless = undefined;
    await copying?.stop();
  });

  async function start(inbox: readonly MessageToStore[], copy = {}, behind?: OnPiece): Promise<void> {
    const places = { source: { host: "127.0.0.1", port: 0 }, target: { host: "127.0.0.1", port: 0 } };
    damaging = await startBreakingRelay(places.source, damagedInTransit);
    nameless = behind && (await startBreakingRelay(places.target, behind));
    const target = nameless ? { host: "127.0.0.1", port: nameless.port } : places.target;
    refusing = await startRefusingRelay(target, strictly);
    const via = {
      source: { port: damaging.port, tls: "none" as const },
      target: { port: refusing.port, tls: "none" as const },
    };
    copying = await startCopying({ users: ["anna"], via, copy });
    places.source.port = copying.source.imapPort;
    places.target.port = copying.target.imapPort;
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, { INBOX: inbox });
  }

  async function entries() {
    const [inbox] = await copying.ledger("anna");
    return inbox?.entries ?? [];
  }

  it("has what the target finds too large in the list, in whatever words it says so", async () => {
    await start([...SOUND, mail("Subject: large\r\n\r\nLARGE\r\n"), ...SOUND]);
    const words = "[LIMIT] Mail size is larger than the maximum size allowed by server configuration";
    refusing.refuse((message) => (message.includes("LARGE") ? words : null));
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 60, refused: 1 });
    expect((await entries()).filter(({ refusal }) => refusal !== null)).toMatchObject([
      { subject: "large", refusal: words, steps: [{ step: "as-is", words }] },
    ]);
    expect((await copying.read("target", "anna")).get("INBOX")?.messages).toHaveLength(60);
  });

  it("has the others as they were, these mended or wrapped, and the rest in the list", async () => {
    await start([...SOUND, NUL, BARE, ...SOUND, HEADER, VIRUS, ...SOUND]);
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 93, refused: 1 });
    const remedied = (await entries()).filter((entry) => entry.steps !== undefined);
    expect(remedied.map(({ subject, remedy, refusal }) => [subject, remedy, refusal])).toEqual([
      ["NUL", "mended", null],
      ["bare", "mended", null],
      ["header", "wrapped", null],
      ["Caffè EICAR", undefined, "[CANNOT] Message contains a virus"],
    ]);
    const account = await copying.account("anna");
    expect(account).toMatchObject({ state: "attention", reason: "messages_rejected", quarantined: 1 });
    expect(account.message).toContain("imbarco quarantine list");
    const onTarget = (await copying.read("target", "anna")).get("INBOX")?.messages ?? [];
    expect(onTarget).toHaveLength(93);
    const flagsOf = (uid: number | null | undefined) => onTarget.find((one) => one.uid === uid)?.flags;
    expect(flagsOf(remedied[0]?.targetUid)).toEqual(["$Work", "\\Seen"]);
    expect(flagsOf(remedied[2]?.targetUid)).toEqual(["\\Flagged"]);
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 1 });
    const compared = await verifyAccount(copying.deps, copying.address("anna"), { deep: true });
    expect(compared.folders[0]).toMatchObject({
      missing: 1,
      refused: 1,
      differences: 0,
      mended: 0,
      remedied: { mended: 2, wrapped: 1 },
    });
  });

  it.each([
    ["mended", "NUL", NUL],
    ["wrapped", "header", HEADER],
  ] as const)(
    "has a message once that was stored %s when the connection broke before the answer",
    async (remedy, subject, message) => {
      await start([...SOUND, message, ...SOUND]);
      refusing.loseAnswerTo(`Subject: ${subject}`);
      // Not when it is refused as it is: only what is stored has an answer that can be lost.
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
      const found = (await entries()).filter((entry) => entry.remedy !== undefined);
      expect(found).toMatchObject([{ remedy, refusal: null, targetUid: expect.any(Number) }]);
      const onTarget = (await copying.read("target", "anna")).get("INBOX")?.messages ?? [];
      expect(onTarget).toHaveLength(61);
      expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
    },
  );

  it("has them once where the target does not say UIDs", async () => {
    await start([NUL, HEADER, ...SOUND, VIRUS], {}, damagedUids);
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 32, refused: 1 });
    const remedied = (await entries()).filter((entry) => entry.remedy !== undefined);
    expect(remedied).toMatchObject([
      { remedy: "mended", targetUid: expect.any(Number) },
      { remedy: "wrapped", targetUid: expect.any(Number) },
    ]);
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 1 });
  });

  it("is in order once the target takes them and they are tried again", async () => {
    await start([SOUND[0] as MessageToStore, VIRUS, VIRUS]);
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 2 });
    const address = copying.address("anna");
    const [first] = await quarantineOf(copying.deps, address, { all: false });
    const one = { folder: "INBOX", uid: first?.uid };
    const again = await retryQuarantined(copying.deps, address, one);
    expect(again).toMatchObject([{ folder: "INBOX", subject: "Caffè EICAR" }]);
    expect((await copying.account("anna")).quarantined).toBe(2);
    expect((await passOver(copying.deps, address, again)).messages).toMatchObject([{ outcome: "refused" }]);
    refusing.refuse(() => null);
    const both = await retryQuarantined(copying.deps, address, {});
    expect(both).toHaveLength(2);
    const { messages, failure } = await passOver(copying.deps, address, both);
    expect([messages.map(({ outcome }) => outcome), failure]).toEqual([["stored", "stored"], null]);
    expect(await copying.account("anna")).toMatchObject({ state: "synced", reason: null, quarantined: 0 });
    expect(await retryQuarantined(copying.deps, address, {})).toEqual([]);
    expect((await copying.read("target", "anna")).get("INBOX")?.messages).toHaveLength(3);
  });

  it("names a message that is too large to be sent by its subject", async () => {
    await start([mail(`Subject: =?utf-8?q?tr=C3=B3ppo?=\r\n\r\n${"x".repeat(2_000)}\r\n`)], {
      maxMessageSize: 1_000,
    });
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 1 });
    expect(await quarantineOf(copying.deps, copying.address("anna"), { all: false })).toMatchObject([
      {
        subject: "tróppo",
        reason: "larger than copy.maxMessageSize (1000 octets)",
        date: "1996-07-17T09:44:25.000Z",
      },
    ]);
    expect(refusing.refused).toEqual([]);
  });
});

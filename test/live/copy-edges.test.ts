import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { type BreakingRelay, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, type CopyingOptions, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";

const exec = promisify(execFile);

const FULL = (octets: number) =>
  `mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota imap_quota\n}\nplugin {\n  quota = maildir:User quota\n  quota_rule = *:storage=${octets}B\n  quota_grace = 0\n}`;

function letters(sizes: readonly number[]): MessageToStore[] {
  return sizes.map((size, at) => ({
    body: Buffer.from(`Message-ID: <${at}@example.test>\r\n\r\n${"x".repeat(size)}\r\n`),
    internalDate: "01-Jun-2016 06:06:06 +0000",
  }));
}

describe("at its edges the copy", () => {
  let copying: Copying | undefined;
  let relay: BreakingRelay | undefined;

  afterEach(async () => {
    await relay?.stop();
    await copying?.stop();
    [relay, copying] = [undefined, undefined];
  });

  /** A target that does not say these words. */
  async function withoutWords(
    words: readonly string[],
    options: Partial<CopyingOptions> = {},
  ): Promise<Copying> {
    const place = { host: "127.0.0.1", port: 0 };
    relay = await startBreakingRelay(place, (_connection, piece, from) => {
      if (from === "client") return undefined;
      const text = words.reduce(
        (said, word) => said.replaceAll(word, `X${word.slice(1)}`),
        piece.toString("latin1"),
      );
      return Buffer.from(text, "latin1");
    });
    copying = await startCopying({
      users: ["anna"],
      ...options,
      via: { target: { port: relay.port, tls: "none" } },
    });
    place.port = copying.target.imapPort;
    return copying;
  }

  it.each([
    [[]],
    [["LITERAL+"]],
    [["LITERAL+", "MULTIAPPEND"]],
    [["LITERAL+", "UIDPLUS", "APPENDUID"]],
    [["MULTIAPPEND", "UIDPLUS", "APPENDUID"]],
  ])("fills a mailbox up to its quota, and goes on when there is room, without %j", async (words) => {
    const at = await withoutWords(words, { target: { config: FULL(400_000) } });
    const sizes = Array.from({ length: 40 }, (_, n) => (n % 10 === 3 ? 100_000 : 1_000));
    await fillMailbox(at.source.endpoint(), at.address("anna"), PASSWORD, { INBOX: letters(sizes) });
    expect(await at.pass("anna")).toMatchObject({ kind: "failed", failure: { kind: "target-over-quota" } });
    // Whatever was stored is known: it goes to make room, and does not come back.
    const kept = (await at.read("target", "anna")).get("INBOX")?.messages.length ?? 0;
    expect((await at.ledger("anna")).flatMap(({ entries }) => entries)).toHaveLength(kept);
    expect(await at.deps.store.ledger.intents(at.address("anna"))).toEqual([]);
    await at.act("target", "anna", "INBOX", "UID STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE");
    let outcome = await at.pass("anna");
    let copied = kept + (outcome.kind === "done" ? outcome.copied : 0);
    for (let turn = 0; outcome.kind !== "done" && turn < 3; turn += 1) {
      copied += (await at.read("target", "anna")).get("INBOX")?.messages.length ?? 0;
      await at.act("target", "anna", "INBOX", "UID STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE");
      outcome = await at.pass("anna");
      copied += outcome.kind === "done" ? outcome.copied : 0;
    }
    expect(copied).toBe(40);
  });

  it("does not send again what a target has stored that says it has trouble", async () => {
    const place = { host: "127.0.0.1", port: 0 };
    let said = 0;
    relay = await startBreakingRelay(place, (_connection, piece, from) => {
      const text = piece.toString("latin1");
      if (from === "client" || said > 1 || !text.includes("APPENDUID")) return undefined;
      said += 1;
      return Buffer.from(text.replace(/ OK \[APPENDUID [^\]]*\]/g, " NO [SERVERBUG]"), "latin1");
    });
    const via = { target: { port: relay.port, tls: "none" as const } };
    copying = await startCopying({ users: ["anna"], via });
    place.port = copying.target.imapPort;
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
      A: letters(Array.from({ length: 15 }, (_, at) => at + 10)),
      B: letters(Array.from({ length: 15 }, (_, at) => at + 10)),
    });
    expect(await copying.pass("anna")).toMatchObject({ kind: "failed" });
    expect(said).toBe(2);
    expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("finds messages under the highest UIDs that there are, in a few round trips", async () => {
    const at = await withoutWords([]);
    const mail = join(at.source.folder, "mail", at.address("anna"));
    const folder = join(mail, "mail", ".High");
    for (const name of ["cur", "new", "tmp"]) await mkdir(join(folder, name), { recursive: true });
    const uids = [1, 7_000, 70_000_000, 4_294_967_290, 4_294_967_293];
    for (const uid of uids)
      await writeFile(join(folder, "cur", `${uid}.M1P1.old:2,`), `Message-ID: <${uid}@example.test>\n\nx\n`);
    await writeFile(
      join(folder, "dovecot-uidlist"),
      `3 V1700000000 N4294967294 G0123456789abcdef0123456789abcdef\n${uids.map((uid) => `${uid} :${uid}.M1P1.old\n`).join("")}`,
    );
    await exec("chown", ["-R", "20025:20025", mail]);
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: uids.length });
    const high = (await at.ledger("anna")).find(({ source }) => source === "High");
    expect(high?.entries.map(({ sourceUid }) => sourceUid).toSorted((a, b) => a - b)).toEqual(uids);
    expect(await at.differences("anna")).toEqual([]);
    expect(await at.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
  });

  it("goes on where its target folder has gone under another name in the middle", async () => {
    const at = await withoutWords([]);
    await fillMailbox(at.source.endpoint(), at.address("anna"), PASSWORD, {
      Work: letters(Array.from({ length: 1_500 }, () => 2_000)),
    });
    const renamed: Promise<void>[] = [];
    const onBatch = () => {
      if (renamed.length === 0) renamed.push(at.act("target", "anna", "INBOX", "RENAME Work Elsewhere"));
    };
    await copyNow({ ...at.deps, onBatch }, at.address("anna"));
    await Promise.all(renamed);
    await at.pass("anna");
    expect(await at.pass("anna")).toMatchObject({ kind: "done" });
    const entries = (await at.ledger("anna")).flatMap((folder) => folder.entries);
    expect(entries).toHaveLength(1_500);
    const there = [...(await at.read("target", "anna")).values()].flatMap(({ messages }) => messages);
    expect(there).toHaveLength(1_500);
    expect(new Set(there.map(({ sha256 }) => sha256)).size).toBe(1_500);
  });
});

import { afterAll, beforeAll, expect, it } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import { refreshCapabilities } from "../../src/upstream/imap/commands/capability.ts";
import { type IdleNews, idle } from "../../src/upstream/imap/commands/idle.ts";
import { logIn } from "../../src/upstream/imap/commands/login.ts";
import { openFolder } from "../../src/upstream/imap/commands/select.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { openImap } from "../../src/upstream/open.ts";
import { type BreakingRelay, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { countMessages, fillMailbox, type MessageToStore, type StoredMailbox } from "../kit/mailbox.ts";
import type { OtherSource } from "../kit/other-sources.ts";

export interface SourceUnderTest {
  readonly start: (users: Readonly<Record<string, string>>) => Promise<OtherSource>;
  /** How the server writes a name given as levels. */
  name(...levels: readonly string[]): string;
  /** Where a folder of the source ends up, in levels. */
  targetPath(path: readonly string[]): readonly string[];
  /** Further folders that this server lets in. */
  readonly folders?: Readonly<Record<string, readonly MessageToStore[]>>;
}

export function letter(number: number, more: Partial<MessageToStore> = {}): MessageToStore {
  return {
    body: Buffer.from(
      `From: a@example.test\r\nMessage-ID: <${number}@example.test>\r\nSubject: letter ${number}\r\n\r\nHello ${number}.\r\n`,
    ),
    internalDate: `${String((number % 28) + 1).padStart(2, "0")}-Feb-2019 23:59:58 +0930`,
    ...more,
  };
}

export function letters(from: number, count: number, octets = 0): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => {
    const { body, ...rest } = letter(from + at);
    return { ...rest, body: Buffer.concat([body, Buffer.from("x".repeat(octets))]) };
  });
}

const EIGHT_BIT = Buffer.concat([
  Buffer.from(
    "From: a@example.test\r\nSubject: f\xfcr \xe9t\xe9\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    "latin1",
  ),
  Buffer.from(Array.from({ length: 128 }, (_, at) => 128 + at)),
  Buffer.from("\r\n"),
]);

function mailbox(under: SourceUnderTest): Record<string, readonly MessageToStore[]> {
  return {
    INBOX: [
      letter(0, { flags: ["\\Seen", "\\Answered"] }),
      letter(1, { flags: ["\\Flagged", "$Work", "NonJunk"] }),
      letter(2, { flags: ["\\Draft"], internalDate: "01-Jan-1999 00:00:00 +0000" }),
      letter(3, { body: EIGHT_BIT }),
      // Twins: equal in all but the UID.
      letter(4),
      letter(4),
      ...letters(5, 120),
    ],
    [under.name("Work", "2020", "Rome")]: letters(200, 5),
    [under.name("Été & Straße")]: letters(300, 3),
    [under.name("空の箱", "Ещё")]: letters(310, 2),
    [under.name("Empty")]: [],
    ...under.folders,
  };
}

/** What must hold for every kind of source: registers the tests inside a `describe`. */
export function copiesLikeAnyOther(under: SourceUnderTest): void {
  let copying: Copying<OtherSource>;
  const total = () => Object.values(mailbox(under)).flat().length;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna"] }, under.start);
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, mailbox(under));
  });

  afterAll(() => copying?.stop());

  it("everything arrives exactly: folders, names, octets, dates, flags and keywords", async () => {
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: total(), refused: 0 });
    await expectEqual(copying, under);
    const target = await copying.read("target", "anna");
    const source = await copying.read("source", "anna");
    for (const path of source.keys())
      expect([...target.keys()]).toContain(under.targetPath(path.split("/")).join("/"));
    const first = target.get("INBOX")?.messages.find(({ flags }) => flags.includes("$Work"));
    expect(first?.flags).toEqual(["$Work", "NonJunk", "\\Flagged"]);
  });

  it("a second pass copies nothing and moves nothing", async () => {
    const before = await copying.read("target", "anna");
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
    expect(await copying.read("target", "anna")).toEqual(before);
  });

  it("new mail and changed flags arrive", async () => {
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
      INBOX: letters(500, 3),
      [under.name("Empty")]: letters(510, 1),
      [under.name("Later", "on")]: letters(520, 1),
    });
    await copying.act(
      "source",
      "anna",
      "INBOX",
      "UID STORE 1 -FLAGS (\\Seen)",
      "UID STORE 2 -FLAGS ($Work)",
      "UID STORE 7:9 +FLAGS (\\Flagged $Later)",
    );
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 5, refused: 0 });
    await expectEqual(copying, under);
  });

  it("what is deleted at the source stays on the target, and what is deleted on the target stays deleted", async () => {
    const count = async () => (await copying.read("target", "anna")).get("INBOX")?.messages.length;
    const before = (await count()) ?? 0;
    await copying.act("source", "anna", "INBOX", "UID STORE 10:12 +FLAGS (\\Deleted)", "EXPUNGE");
    await copying.act("target", "anna", "INBOX", "UID STORE 20:24 +FLAGS (\\Deleted)", "EXPUNGE");
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
    expect(await count()).toBe(before - 5);
  });

  it("messages that are moved and folders that are renamed at the source are so on the target, and not copied again", async () => {
    const before = await copying.read("target", "anna");
    const [from, to] = [under.name("Work"), under.name("Later", "Work")];
    await copying.act(
      "source",
      "anna",
      "INBOX",
      `UID COPY 30:31 ${under.name("Empty")}`,
      "UID STORE 30:31 +FLAGS (\\Deleted)",
      "EXPUNGE",
      `RENAME ${from} ${to}`,
    );
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 0 });
    const after = await copying.read("target", "anna");
    expect(countMessages(after)).toBe(countMessages(before));
    expect(after.get("Empty")?.messages.length).toBe((before.get("Empty")?.messages.length ?? 0) + 2);
    expect(after.get("Later/Work/2020/Rome")?.messages.length).toBe(5);
    expect(after.get("Work/2020/Rome")?.messages ?? []).toEqual([]);
  });

  it("a refused password is the source's word, and a right one goes on", async () => {
    const address = copying.address("anna");
    await copying.source.setPassword(address, `other-${PASSWORD}`);
    expect(await copying.pass("anna")).toMatchObject({
      kind: "failed",
      failure: { kind: "source-auth-failed" },
    });
    await copying.source.setPassword(address, PASSWORD);
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
  });
}

/** Our own client at the source, without a copy. */
export function tellsNewsSoon(under: SourceUnderTest): void {
  it("new mail is heard of within seconds, though the server by itself tells it once a minute", async () => {
    const user = "anna@example.test";
    const source = await under.start({ [user]: PASSWORD });
    try {
      const connection = await openImap({ log: silentLog() }, "source", source.endpoint());
      const password = new Secret(Buffer.from(PASSWORD));
      await logIn(connection, { kind: "password", user: Buffer.from(user), password });
      await refreshCapabilities(connection);
      await openFolder(connection, "INBOX", "examine");
      const news = listenOn(connection);
      await fillMailbox(source.endpoint(), user, PASSWORD, { INBOX: letters(0, 1) });
      expect(await news).toEqual({ kind: "exists", count: 1 });
      connection.close();
    } finally {
      await source.stop();
    }
  }, 30_000);
}

async function listenOn(connection: ImapConnection): Promise<IdleNews> {
  const signal = AbortSignal.timeout(25_000);
  while (!signal.aborted) for await (const news of idle(connection, { signal })) return news;
  throw new Error("no news");
}

/** A copy whose source breaks off in the middle of messages. */
export function resumesAfterBreaks(under: SourceUnderTest): void {
  it("a connection that breaks in the middle of messages is taken up again, and every message is there once", async () => {
    let breaks = 0;
    const place = { host: "127.0.0.1", port: 0 };
    const relay: BreakingRelay = await startBreakingRelay(place, (connection, _piece, from) => {
      if (from === "server" && breaks === 0 && connection.fromServer > 60_000) {
        breaks += 1;
        connection.break();
      }
      return undefined;
    });
    const via = { source: { port: relay.port, tls: "none" as const } };
    const copying = await startCopying({ users: ["anna"], via }, under.start);
    try {
      place.port = copying.source.imapPort;
      await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
        INBOX: [...letters(0, 60, 3_000), ...letters(0, 5, 3_000)],
        [under.name("Work")]: letters(100, 30, 3_000),
      });
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
      expect(breaks).toBe(1);
      await expectEqual(copying, under);
    } finally {
      await copying.stop();
      await relay.stop();
    }
  });
}

async function expectEqual(copying: Copying<OtherSource>, under: SourceUnderTest): Promise<void> {
  const source: StoredMailbox = await copying.read("source", "anna");
  const renamed = Object.fromEntries(
    [...source.keys()].map((path) => [path, under.targetPath(path.split("/")).join("/")]),
  );
  expect(await copying.differences("anna", renamed)).toEqual([]);
}

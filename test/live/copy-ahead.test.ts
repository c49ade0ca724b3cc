import { afterEach, describe, expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { type BreakingRelay, type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, type CopyingOptions, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";

function letters(count: number, from = 0): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(
      `Message-ID: <${from + at}@example.test>\r\nSubject: ${from + at}\r\n\r\ntext ${from + at}\r\n`,
    ),
    internalDate: `${String(((from + at) % 28) + 1).padStart(2, "0")}-Jun-2016 06:06:06 +0000`,
    flags: at % 2 === 0 ? ["\\Seen"] : [],
  }));
}

/** Another text of the same length in what passes by. */
function instead(piece: Buffer, text: string, other: string): Buffer {
  return Buffer.from(piece.toString("latin1").replaceAll(text, other), "latin1");
}

describe("while the next folder is opened before the last answers have come", () => {
  let copying: Copying | undefined;
  const relays: BreakingRelay[] = [];

  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop();
    await copying?.stop();
    copying = undefined;
  });

  async function between(
    side: "source" | "target",
    onPiece: OnPiece,
    options: Partial<CopyingOptions> = {},
  ): Promise<Copying> {
    const place = { host: "127.0.0.1", port: 0 };
    const relay = await startBreakingRelay(place, onPiece);
    relays.push(relay);
    const via = { [side]: { port: relay.port, tls: "none" as const } };
    copying = await startCopying({ users: ["anna"], ...options, via });
    place.port = copying[side].imapPort;
    return copying;
  }

  async function fill(into: Copying, folders: Readonly<Record<string, readonly MessageToStore[]>>) {
    await fillMailbox(into.source.endpoint(), into.address("anna"), PASSWORD, folders);
  }

  it("INBOX is opened once for its newest messages and for the rest", async () => {
    let openings = 0;
    const dovecots = await between("source", (_connection, piece, from) => {
      if (from === "client") openings += piece.toString("latin1").split('EXAMINE "INBOX"').length - 1;
      return undefined;
    });
    await fill(dovecots, { INBOX: letters(120), A: letters(20, 120), B: letters(200, 140) });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 340, refused: 0 });
    expect(openings).toBe(1);
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("a target that breaks off before it answers for the newest messages has each of them once", async () => {
    let isBroken = false;
    const dovecots = await between("target", (connection, piece, from) => {
      if (isBroken || from === "client" || !piece.includes("APPENDUID")) return undefined;
      isBroken = true;
      connection.break();
      return Buffer.alloc(0);
    });
    await fill(dovecots, { INBOX: letters(120), A: letters(20, 120), B: letters(200, 140) });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
    expect(isBroken).toBe(true);
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("mail that arrives while INBOX is opened again after a break is copied too", async () => {
    let breaks: NodeJS.Timeout | undefined;
    const arrived = Promise.withResolvers<void>();
    const dovecots = await between("target", (connection, piece, from) => {
      if (breaks !== undefined || from === "client" || !piece.includes("APPENDUID")) return undefined;
      // By then the source has listed all of INBOX, since it has handed out the newest messages.
      breaks = setTimeout(() => {
        connection.break();
        fill(dovecots, { INBOX: letters(1, 120) }).then(arrived.resolve, arrived.reject);
      }, 500);
      return Buffer.alloc(0);
    });
    await fill(dovecots, { INBOX: letters(120) });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
    await arrived.promise;
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("a break of the target costs no pass, also where the next folder is empty", async () => {
    let answers = 0;
    const dovecots = await between(
      "target",
      (connection, piece, from) => {
        if (from === "server" && piece.includes("APPENDUID")) answers += 1;
        if (answers === 2) connection.break();
        if (answers === 2) answers += 1;
        return undefined;
      },
      { copy: { pairsPerAccount: 1 } },
    );
    await fill(dovecots, { A: letters(20), B: letters(20, 20), C: [], D: letters(20, 40) });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
    expect(answers).toBeGreaterThan(2);
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("a target that promises to name UIDs and does not is looked at in the right folder", async () => {
    const dovecots = await between("target", (_connection, piece, from) =>
      from === "server" ? instead(piece, "APPENDUID", "XPPENDUID") : undefined,
    );
    // The same dates and sizes under the same UIDs in every folder.
    await fill(dovecots, { A: letters(9, 10), B: letters(9, 38), C: letters(9, 66) });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
    for (const { entries } of await dovecots.ledger("anna"))
      expect(entries.filter(({ targetUid }) => targetUid === null)).toEqual([]);
    await dovecots.act("source", "anna", "A", "UID STORE 1:3 +FLAGS (\\Flagged)");
    await dovecots.act("source", "anna", "B", "UID STORE 4:6 +FLAGS (\\Answered)");
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("a stop does not let a message be forgotten that the source kept back", async () => {
    const stop = new AbortController();
    let isFirst = true;
    const options = { copy: { pairsPerAccount: 1 } };
    const place = { host: "127.0.0.1", port: 0 };
    const target = await startBreakingRelay(place, (_connection, piece, from) => {
      if (from === "server" && isFirst && piece.includes("APPENDUID")) stop.abort();
      return undefined;
    });
    relays.push(target);
    const sourcePlace = { host: "127.0.0.1", port: 0 };
    const source = await startBreakingRelay(sourcePlace, (_connection, piece, from) =>
      from === "server" && isFirst ? instead(piece, "(UID 5 BODY[]", "(UID 0 BODY[]") : undefined,
    );
    relays.push(source);
    copying = await startCopying({
      users: ["anna"],
      ...options,
      via: { source: { port: source.port, tls: "none" }, target: { port: target.port, tls: "none" } },
    });
    place.port = copying.target.imapPort;
    sourcePlace.port = copying.source.imapPort;
    await fill(copying, { A: letters(20), B: letters(20, 20) });
    expect(await copying.pass("anna", stop.signal)).toEqual({ kind: "stopped" });
    isFirst = false;
    await copying.pass("anna");
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("a stop lets every lane bring its messages to their end", async () => {
    copying = await startCopying({ users: ["anna"] });
    await fill(copying, { A: letters(800), B: letters(800, 800), C: letters(300, 1_600) });
    const stop = new AbortController();
    const deps = { ...copying.deps, onBatch: () => stop.abort() };
    expect(await copyNow(deps, copying.address("anna"), stop.signal)).toEqual({ kind: "stopped" });
    expect(await copying.deps.store.ledger.intents(copying.address("anna"))).toEqual([]);
    expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
    expect(await copying.differences("anna")).toEqual([]);
  });

  it("a folder that another one has taken the place of in mid-copy is matched before anything is sent", async () => {
    let change: (() => Promise<void>) | null = null;
    let isHeld = false;
    const dovecots = await between(
      "source",
      (connection, _piece, from) => {
        if (isHeld) return connection.fromServer >= 0 && change === null ? Buffer.alloc(0) : undefined;
        if (from === "server" && change !== null && connection.fromServer > 60_000) {
          isHeld = true;
          const work = change;
          change = null;
          void work().then(() => {
            connection.break();
            isHeld = false;
          });
          return Buffer.alloc(0);
        }
        return undefined;
      },
      { copy: { pairsPerAccount: 1 } },
    );
    await fill(dovecots, { Work: letters(1_200) });
    change = async () => {
      await dovecots.act("source", "anna", "INBOX", "DELETE Work");
      await fill(dovecots, { Work: [...letters(300, 700), ...letters(50, 5_000)] });
    };
    await dovecots.pass("anna");
    await dovecots.pass("anna");
    const there = (await dovecots.read("target", "anna")).get("Work")?.messages ?? [];
    const lost = (await dovecots.read("source", "anna"))
      .get("Work")
      ?.messages.filter(
        (one) =>
          there.filter((t) => t.sha256 === one.sha256 && t.internalDate === one.internalDate).length !== 1,
      );
    expect(lost).toEqual([]);
    const contents = there.map(({ sha256 }) => sha256);
    expect(contents.length).toBe(new Set(contents).size);
  });
});

describe("a source that breaks off whatever it is asked to list", () => {
  it("is left alone after some tries", async () => {
    const place = { host: "127.0.0.1", port: 0 };
    const relay = await startBreakingRelay(place, (connection, piece, from) => {
      if (from === "client" && /UID SEARCH|UID FETCH \S+ \(UID FLAGS/.test(piece.toString("latin1")))
        connection.break();
      return undefined;
    });
    const copying = await startCopying({
      users: ["anna"],
      via: { source: { port: relay.port, tls: "none" } },
    });
    place.port = copying.source.imapPort;
    const stop = new AbortController();
    try {
      await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, { INBOX: letters(5) });
      const timer = setTimeout(() => stop.abort(), 20_000);
      expect(await copying.pass("anna", stop.signal)).toMatchObject({
        kind: "failed",
        failure: { kind: "source-unreachable" },
      });
      clearTimeout(timer);
    } finally {
      await copying.stop();
      await relay.stop();
    }
  });
});

import { afterEach, describe, expect, it } from "vitest";
import { createCopier } from "../../src/copy/worker.ts";
import { type BreakingRelay, type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

function letters(count: number, octets = 50): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`Message-ID: <${at}@example.test>\r\nSubject: ${at}\r\n\r\n${"x".repeat(octets)}\r\n`),
    // A few dates only, so that they tie.
    internalDate: `0${(at % 3) + 1}-Jun-2016 06:06:06 +0000`,
    flags: at % 2 === 0 ? ["\\Seen"] : [],
  }));
}

describe("a copy that is broken off", () => {
  let copying: Copying | undefined;
  const relays: BreakingRelay[] = [];

  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop();
    await copying?.stop();
    copying = undefined;
  });

  /** The servers, with a relay in front of one of them that breaks connections. */
  async function broken(side: "source" | "target", onPiece: OnPiece): Promise<Copying> {
    const place = { host: "127.0.0.1", port: 0 };
    const relay = await startBreakingRelay(place, onPiece);
    relays.push(relay);
    copying = await startCopying({ users: ["anna"], via: { [side]: { port: relay.port, tls: "none" } } });
    place.port = copying[side].imapPort;
    return copying;
  }

  async function fill(
    into: Copying,
    folders: Readonly<Record<string, readonly MessageToStore[]>>,
  ): Promise<void> {
    await fillMailbox(into.source.endpoint(), into.address("anna"), PASSWORD, folders);
  }

  it("by the target again and again, in the middle of messages and of answers, ends with every message once", async () => {
    let breaks = 0;
    const dovecots = await broken("target", (connection, _piece, from) => {
      const octets = from === "client" ? connection.fromClient : connection.fromServer;
      // In turn while we send and while it answers.
      if (
        breaks < 6 &&
        octets > (from === "client" ? 3_000 : 1_500) &&
        (from === "client") === (breaks % 2 === 0)
      ) {
        breaks += 1;
        connection.break();
      }
      return undefined;
    });
    await fill(dovecots, { INBOX: letters(120), Twins: [...letters(5), ...letters(5)] });
    // A break outside of a batch ends the pass; the next one goes on.
    await waitFor(async () => (await dovecots.pass("anna")).kind === "done", "a pass that comes through");
    expect(breaks).toBe(6);
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("by the source in the middle of messages ends with every message once", async () => {
    let breaks = 0;
    const dovecots = await broken("source", (connection, _piece, from) => {
      if (from === "server" && breaks < 3 && connection.fromServer > 40_000) {
        breaks += 1;
        connection.break();
      }
      return undefined;
    });
    await fill(dovecots, { INBOX: letters(60, 3_000) });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 0 });
    expect(breaks).toBe(3);
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  /** A message of 1.4 MB, with a word in its middle. */
  function largeWith(word: string): MessageToStore {
    const filler = `${"x".repeat(70)}\r\n`.repeat(10_000);
    return { body: Buffer.from(`Subject: large\r\n\r\n${filler}${word}\r\n${filler}`) };
  }

  it("at one message each time lists that message as refused and copies the others", async () => {
    const dovecots = await broken("source", (connection, piece, from) => {
      if (from === "server" && piece.includes("poisoned")) connection.break();
      return undefined;
    });
    const poisoned = { body: Buffer.from("Subject: poisoned\r\n\r\nx\r\n") };
    await fill(dovecots, { INBOX: [...letters(7), poisoned, ...letters(7)], Other: letters(3) });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 17, refused: 1 });
    const inbox = (await dovecots.ledger("anna")).find(({ source }) => source === "INBOX");
    expect(inbox?.entries.find(({ refusal }) => refusal !== null)).toMatchObject({
      sourceUid: 8,
      refusal: "the old server breaks off while sending it",
    });
  });

  it("in the middle of one large message each time lists that message as refused and copies the others", async () => {
    const dovecots = await broken("source", (connection, piece, from) => {
      if (from === "server" && piece.includes("poisoned")) connection.break();
      return undefined;
    });
    await fill(dovecots, { INBOX: [...letters(7), largeWith("poisoned"), ...letters(7)], Other: letters(3) });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 17, refused: 1 });
    const inbox = (await dovecots.ledger("anna")).find(({ source }) => source === "INBOX");
    expect(inbox?.entries.find(({ refusal }) => refusal !== null)).toMatchObject({
      sourceUid: 8,
      refusal: "the old server breaks off while sending it",
    });
  });

  it("with the answer to the opening lost in a break at what is listed behind it", async () => {
    const dovecots = await broken("source", (connection, piece, from) => {
      if (from === "server" && /UID 8 FLAGS .* INTERNALDATE/.test(piece.toString("latin1")))
        connection.break();
      return undefined;
    });
    await fill(dovecots, { INBOX: letters(15), Other: [...letters(7), ...letters(5, 10)] });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 25, refused: 2 });
  });

  it("by the end of its process looks for what had arrived before it goes on", async () => {
    copying = await startCopying({ users: ["anna"] });
    const { deps } = copying;
    const address = copying.address("anna");
    await fill(copying, { INBOX: letters(30) });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 30 });
    await fill(copying, { INBOX: [...letters(10), ...letters(10)] });
    // What a process leaves that was killed when 7 of 20 had been stored and nothing recorded.
    const [inbox] = await copying.ledger("anna");
    await fillMailbox(copying.target.endpoint(), address, PASSWORD, { INBOX: letters(7) });
    await fillMailbox(copying.target.endpoint(), address, PASSWORD, {
      INBOX: [
        {
          body: Buffer.from("Subject: the user's own\r\n\r\nx\r\n"),
          internalDate: "01-Jun-2016 06:06:06 +0000",
        },
      ],
    });
    const lease = await deps.queue.lease("dead", Date.now(), 1, {
      address: address,
      evenIfNotDue: true,
    });
    await deps.store.ledger.begin(address, lease?.token ?? 0);
    await deps.store.ledger.intend(address, lease?.token ?? 0, {
      id: "1",
      source: "INBOX",
      sourceUidValidity: inbox?.sourceUidValidity ?? 0,
      target: "INBOX",
      targetUidValidity: inbox?.targetUidValidity ?? 0,
      targetUidNext: 31,
      sourceUids: Array.from({ length: 20 }, (_, at) => 31 + at),
      at: new Date().toISOString(),
    });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 13, refused: 0 });
    expect(await copying.differences("anna")).toEqual([expect.stringContaining("1 too many on the target")]);
  });

  it("by a stop signal brings to its end what is on its way, and the next turn goes on", async () => {
    copying = await startCopying({ users: ["anna"] });
    await fill(copying, { INBOX: letters(1_500) });
    const stop = new AbortController();
    let batches = 0;
    const deps = {
      ...copying.deps,
      onBatch: () => {
        batches += 1;
        if (batches === 1) stop.abort();
      },
    };
    await deps.queue.put(copying.address("anna"), Date.now());
    await createCopier(deps).run(stop.signal);
    expect((await copying.account("anna")).state).toBe("copying");
    // Nothing is left whose fate the next turn would have to find out.
    expect(await deps.store.ledger.intents(copying.address("anna"))).toEqual([]);
    expect(await deps.queue.depth(Date.now())).toEqual({ due: 1, leased: 0 });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
    expect(await copying.differences("anna")).toEqual([]);
  });
});

describe("servers of few words", () => {
  /** Takes the names of extensions out of what a server says, octet for octet. */
  function without(...words: readonly string[]): OnPiece {
    return (_connection, piece, from) => {
      if (from === "client") return undefined;
      const hidden = words.reduce(
        (text, word) => text.replaceAll(word, `X${word.slice(1)}`),
        piece.toString("latin1"),
      );
      return Buffer.from(hidden, "latin1");
    };
  }

  it("without extensions are served as well: no UIDs of what was stored, no literals unasked, no listing of all at once", async () => {
    const places = { source: { host: "127.0.0.1", port: 0 }, target: { host: "127.0.0.1", port: 0 } };
    const words = [
      "LITERAL+",
      "APPENDUID",
      "UIDPLUS",
      "LIST-EXTENDED",
      "SPECIAL-USE",
      "NAMESPACE",
      "CONDSTORE",
      "QRESYNC",
    ];
    const [source, target] = await Promise.all([
      startBreakingRelay(places.source, without(...words)),
      startBreakingRelay(places.target, without(...words)),
    ]);
    const via = {
      source: { port: source.port, tls: "none" as const },
      target: { port: target.port, tls: "none" as const },
    };
    const copying = await startCopying({ users: ["anna"], via });
    places.source.port = copying.source.imapPort;
    places.target.port = copying.target.imapPort;
    try {
      await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
        INBOX: letters(130),
        "Work.Twins": [...letters(5), ...letters(5)],
      });
      expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 140, refused: 0 });
      expect(await copying.differences("anna")).toEqual([]);
      const entries = (await copying.ledger("anna")).flatMap((folder) => folder.entries);
      expect(entries.filter(({ targetUid }) => targetUid === null)).toEqual([]);
      await copying.act("source", "anna", "INBOX", "UID STORE 1:9 +FLAGS (\\Flagged)");
      expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
      expect(await copying.differences("anna")).toEqual([]);
    } finally {
      await copying.stop();
      await Promise.all([source.stop(), target.stop()]);
    }
  });
});

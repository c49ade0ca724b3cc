import { describe, expect, it, type TestContext } from "vitest";
import { quarantineOf } from "../../src/cutover/quarantine.ts";
import { retryQuarantined } from "../../src/cutover/quarantine-retry.ts";
import type { LedgerEntry } from "../../src/model/ledger.ts";
import { type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

function letters(count: number, name: string): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`Message-ID: <${name}.${at}@example.test>\r\nSubject: ${name} ${at}\r\n\r\ntext\r\n`),
    internalDate: "01-Jun-2016 06:06:06 +0000",
  }));
}

/** All of them have the same date, and those of the same name the same octets. */
function unlucky(name: string): MessageToStore {
  return {
    body: Buffer.from(`Subject: ${name}\r\n\r\n${"x".repeat(70)}\r\nunlucky\r\n`),
    internalDate: "02-Jun-2016 06:06:06 +0000",
  };
}

/** A network that is bad as far as `unlucky` messages are concerned. */
interface Network {
  isBad: boolean;
  breaks: number;
}

function breaking(network: Network): OnPiece {
  return (connection, piece, from) => {
    if (from === "client" || !network.isBad || !piece.includes("unlucky")) return undefined;
    network.breaks += 1;
    connection.break();
    return undefined;
  };
}

describe("a message that was on its way, alone, whenever a connection broke", () => {
  async function behind({ onTestFinished }: TestContext, onPiece: OnPiece): Promise<Copying> {
    const place = { host: "127.0.0.1", port: 0 };
    const relay = await startBreakingRelay(place, onPiece);
    const copying = await startCopying({
      users: ["anna"],
      via: { source: { port: relay.port, tls: "none" } },
    });
    onTestFinished(async () => {
      await relay.stop();
      await copying.stop();
    });
    place.port = copying.source.imapPort;
    return copying;
  }

  async function fill(into: Copying, folders: Readonly<Record<string, readonly MessageToStore[]>>) {
    await fillMailbox(into.source.endpoint(), into.address("anna"), PASSWORD, folders);
  }

  async function ask(of: Copying): Promise<number> {
    return (await retryQuarantined(of.deps, of.address("anna"), {})).length;
  }

  async function refused(of: Copying): Promise<LedgerEntry[]> {
    const folders = await of.ledger("anna");
    return folders.flatMap(({ entries }) => entries.filter(({ refusal }) => refusal !== null));
  }

  it("stands in quarantine, is not tried by later passes, and comes when somebody asks for it", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const dovecots = await behind(context, breaking(network));
    await fill(dovecots, { INBOX: [...letters(3, "a"), unlucky("one")], Other: letters(3, "b") });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 6, refused: 1 });
    const before = network.breaks;
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 1 });
    expect(network.breaks).toBe(before);
    network.isBad = false;
    expect(await ask(dovecots)).toBe(1);
    const listed = await quarantineOf(dovecots.deps, dovecots.address("anna"), { all: false });
    expect(listed).toMatchObject([{ uid: 4, outcome: "refused", isTriedAgain: true }]);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("breaks connections for the last time when somebody asks for it, and holds up no other mail", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const dovecots = await behind(context, breaking(network));
    const many = ["one", "two"].map(unlucky);
    await fill(dovecots, { INBOX: many.flatMap((one, at) => [one, ...letters(2, `a${at}`)]) });
    // Where one breaks off after the other a pass may take it for the server's fault, and end.
    const comesThrough = async () => (await dovecots.pass("anna")).kind === "done";
    await waitFor(comesThrough, "a pass that comes through");
    expect(await refused(dovecots)).toHaveLength(2);
    await ask(dovecots);
    await fill(dovecots, { INBOX: letters(1, "new"), Other: letters(1, "other") });
    await waitFor(comesThrough, "a pass that has tried them again");
    expect((await refused(dovecots)).filter(({ tryAgain }) => tryAgain)).toEqual([]);
    const left = await dovecots.differences("anna");
    expect(
      left.filter((difference) => !difference.startsWith("INBOX: the target has no message like")),
    ).toEqual([]);
    expect(left).toHaveLength(2);
  });

  it("is not taken for a copy of it that its user has deleted elsewhere, when it is tried again", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const breakHere = breaking(network);
    // The twin in the other folder comes through.
    const dovecots = await behind(context, (connection, piece, from) =>
      /FETCH \(UID 4 /.test(piece.toString("latin1")) ? breakHere(connection, piece, from) : undefined,
    );
    await fill(dovecots, {
      Keep: [...letters(3, "a"), unlucky("one")],
      Work: [unlucky("one"), ...letters(1, "w")],
    });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 5, refused: 1 });
    network.isBad = false;
    for (const side of ["target", "source"] as const)
      await dovecots.act(side, "anna", "Work", "UID STORE 1 +FLAGS (\\Deleted)", "EXPUNGE");
    await ask(dovecots);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("keeps its place in quarantine where the pass that is to try it ends before", async (context) => {
    let isListing = false;
    const network = { isBad: true, breaks: 0 };
    const breakThem = breaking(network);
    const dovecots = await behind(context, (connection, piece, from) => {
      if (from === "client" && isListing && piece.includes("LIST")) connection.break();
      return breakThem(connection, piece, from);
    });
    await fill(dovecots, { Keep: [...letters(3, "a"), unlucky("one")] });
    await dovecots.pass("anna");
    await ask(dovecots);
    const before = await refused(dovecots);
    expect(before).toMatchObject([{ sourceUid: 4, tryAgain: true }]);
    isListing = true;
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "failed" });
    expect(await refused(dovecots)).toEqual(before);
    [isListing, network.isBad] = [false, false];
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 0 });
  });

  it("is followed by what moves into its folder meanwhile", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const dovecots = await behind(context, breaking(network));
    await fill(dovecots, { Keep: [...letters(3, "a"), unlucky("one")], Other: letters(3, "o") });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 6, refused: 1 });
    network.isBad = false;
    await ask(dovecots);
    await dovecots.act("source", "anna", "Other", "UID MOVE 2 Keep");
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });
});

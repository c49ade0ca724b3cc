import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { describe, expect, it, type TestContext } from "vitest";
import type { JobOutcome } from "../../src/copy/deps.ts";
import { BREAKING_PASSES } from "../../src/copy/limits.ts";
import { copyNow } from "../../src/copy/now.ts";
import { quarantineOf } from "../../src/cutover/quarantine.ts";
import { retryQuarantined } from "../../src/cutover/quarantine-retry.ts";
import type { LedgerEntry } from "../../src/model/ledger.ts";
import { type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

const HOUR_MS = 3_600_000;

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

describe.concurrent("a message that was on its way, alone, whenever a connection broke", () => {
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

  /** A pass that is made so many hours from now. */
  async function passIn(hours: number, copying: Copying): Promise<JobOutcome> {
    const clock = { now: () => Date.now() + hours * HOUR_MS };
    return await copyNow({ ...copying.deps, clock }, copying.address("anna"));
  }

  async function refused(of: Copying): Promise<LedgerEntry[]> {
    const folders = await of.ledger("anna");
    return folders.flatMap(({ entries }) => entries.filter(({ refusal }) => refusal !== null));
  }

  it("comes with a later pass, once some time has gone by, and stands in quarantine until then", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const dovecots = await behind(context, breaking(network));
    await fill(dovecots, { INBOX: [...letters(3, "a"), unlucky("one")], Other: letters(3, "b") });
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 6, refused: 1 });
    const before = network.breaks;
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 1 });
    expect(network.breaks).toBe(before);
    expect(await quarantineOf(dovecots.deps, dovecots.address("anna"), { all: false })).toHaveLength(1);
    network.isBad = false;
    expect(await passIn(1, dovecots)).toEqual({ kind: "done", copied: 1, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("is left alone after some passes, and comes when somebody asks for it", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const dovecots = await behind(context, breaking(network));
    await fill(dovecots, { INBOX: [...letters(3, "a"), unlucky("one")] });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", refused: 1 });
    for (let pass = 2; pass <= BREAKING_PASSES; pass += 1) {
      const before = network.breaks;
      expect(await passIn(24 * pass, dovecots)).toEqual({ kind: "done", copied: 0, refused: 1 });
      expect(network.breaks).toBe(before + 1);
    }
    const before = network.breaks;
    expect(await passIn(1_000, dovecots)).toEqual({ kind: "done", copied: 0, refused: 1 });
    expect(network.breaks).toBe(before);
    network.isBad = false;
    expect(await retryQuarantined(dovecots.deps, dovecots.address("anna"), {})).toHaveLength(1);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 1, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it("holds up no other mail, however many there are of it", async (context) => {
    const network = { isBad: true, breaks: 0 };
    const dovecots = await behind(context, breaking(network));
    const many = ["one", "two", "three"].map(unlucky);
    await fill(dovecots, { INBOX: many.flatMap((one, at) => [one, ...letters(2, `a${at}`)]) });
    // Where one breaks off after the other a pass may take it for the server's fault, and end.
    await waitFor(async () => (await dovecots.pass("anna")).kind === "done", "a pass that comes through");
    expect(await refused(dovecots)).toHaveLength(3);
    await fill(dovecots, { INBOX: letters(1, "new"), Other: letters(1, "other") });
    expect(await passIn(1, dovecots)).toEqual({ kind: "done", copied: 2, refused: 3 });
    network.isBad = false;
    expect(await passIn(24, dovecots)).toEqual({ kind: "done", copied: 3, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });

  it.for(["by itself", "by an administrator"])(
    "is not taken for a copy of it that its user has deleted elsewhere: tried again %s",
    async (who, context) => {
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
      if (who === "by an administrator") await retryQuarantined(dovecots.deps, dovecots.address("anna"), {});
      expect(await passIn(1, dovecots)).toEqual({ kind: "done", copied: 1, refused: 0 });
      expect(await dovecots.differences("anna")).toEqual([]);
    },
  );

  it("keeps its place and its count where a pass ends before its turn", async (context) => {
    let isListing = false;
    const breakThem = breaking({ isBad: true, breaks: 0 });
    const dovecots = await behind(context, (connection, piece, from) => {
      if (from === "client" && isListing && piece.includes("LIST")) connection.break();
      return breakThem(connection, piece, from);
    });
    await fill(dovecots, { Keep: [...letters(3, "a"), unlucky("one")] });
    await dovecots.pass("anna");
    const before = await refused(dovecots);
    expect(before).toMatchObject([{ tryAgain: { passes: 1 } }]);
    isListing = true;
    expect(await passIn(1, dovecots)).toMatchObject({ kind: "failed" });
    expect(await refused(dovecots)).toEqual(before);
  });

  it("is not doubled where a server that seemed gone has stored it long after", async ({
    onTestFinished,
  }) => {
    const late = await startLateRelay("unlucky");
    const copying = await startCopying({
      users: ["anna"],
      via: { target: { port: late.port, tls: "none" } },
    });
    onTestFinished(async () => {
      await late.stop();
      await copying.stop();
    });
    late.to(copying.target.imapPort);
    await fill(copying, { INBOX: letters(4, "i"), Keep: [unlucky("one")] });
    expect(await copying.pass("anna")).toEqual({ kind: "done", copied: 4, refused: 1 });
    late.letGo();
    await waitFor(async () => (await copying.differences("anna")).length === 0, "the late arrival");
    expect(await passIn(1, copying)).toMatchObject({ kind: "done", refused: 0 });
    expect(await copying.differences("anna")).toEqual([]);
  });
});

/** Resets a client as soon as it has sent `word`, and holds what it has sent of that back until `letGo`: for the last one the server has not heard of the reset. */
async function startLateRelay(word: string) {
  let port = 0;
  let isHolding = true;
  let held: (() => void) | null = null;
  const server: Server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let isReset = false;
    client.on("error", () => client.destroy()).on("close", () => isReset || upstream.destroy());
    upstream.on("error", () => upstream.destroy()).on("close", () => client.destroy());
    upstream.on("data", (piece) => client.destroyed || client.write(piece));
    client.on("data", (piece) => {
      if (!isHolding || !piece.includes(word)) return void upstream.write(piece);
      isReset = true;
      client.resetAndDestroy();
      held = () => void upstream.write(piece);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the relay has no port");
  return {
    port: address.port,
    to: (there: number) => {
      port = there;
    },
    letGo: () => {
      isHolding = false;
      held?.();
    },
    stop: async () => {
      server.close();
    },
  };
}

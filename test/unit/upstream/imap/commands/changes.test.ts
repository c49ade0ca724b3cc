import { describe, expect, test } from "vitest";
import { fetchChanges } from "../../../../../src/upstream/imap/commands/changes.ts";
import { enable } from "../../../../../src/upstream/imap/commands/enable.ts";
import { fetchFlags } from "../../../../../src/upstream/imap/commands/fetch-flags.ts";
import { listUids } from "../../../../../src/upstream/imap/commands/list-uids.ts";
import { noop } from "../../../../../src/upstream/imap/commands/noop.ts";
import { type Scripted, scriptedConnection } from "../../scripted-connection.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function withQresync(): Promise<Scripted> {
  const script = scriptedConnection("ENABLE CONDSTORE QRESYNC ESEARCH");
  const enabled = enable(script.connection, ["QRESYNC"]);
  expect(await script.line()).toBe("ENABLE QRESYNC");
  script.say("* ENABLED QRESYNC X-OTHER", "% OK");
  expect([...(await enabled)]).toEqual(["QRESYNC", "CONDSTORE"]);
  return script;
}

describe("switching on", () => {
  test("asks for what is offered and not on, once", async () => {
    const script = await withQresync();
    expect((await enable(script.connection, ["QRESYNC", "CONDSTORE"])).size).toBe(2);
    const { connection } = scriptedConnection("ENABLE CONDSTORE");
    expect((await enable(connection, ["QRESYNC"])).size).toBe(0);
    connection.setCapabilities("QRESYNC");
    expect((await enable(connection, ["QRESYNC"])).size).toBe(0);
  });
});

describe("changes", () => {
  test("with QRESYNC are flags and ranges of what vanished", async () => {
    const { connection, line, say } = await withQresync();
    const changes = all(fetchChanges(connection, { sinceModSeq: "90071992547409931234" }));
    expect(await line()).toBe("UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 90071992547409931234 VANISHED)");
    say(
      "* VANISHED (EARLIER) 300:310,405,9:7",
      "* 1 FETCH (UID 404 MODSEQ (65402) FLAGS (\\Seen \\Recent))",
      "* 2 FETCH (FLAGS (\\Deleted))",
      "* VANISHED 404",
      "% OK",
    );
    expect(await changes).toEqual([
      { kind: "vanished", from: 300, to: 310 },
      { kind: "vanished", from: 405, to: 405 },
      { kind: "vanished", from: 7, to: 9 },
      { kind: "flags", uid: 404, flags: ["\\Seen"] },
      { kind: "vanished", from: 404, to: 404 },
    ]);
  });

  test("without QRESYNC are flags only", async () => {
    const { connection, line, say } = scriptedConnection("CONDSTORE");
    const changes = all(fetchChanges(connection, { sinceModSeq: "7", uidSet: "1:99" }));
    expect(await line()).toBe("UID FETCH 1:99 (UID FLAGS) (CHANGEDSINCE 7)");
    say("* 1 FETCH (UID 4 FLAGS ())", "% OK");
    expect(await changes).toEqual([{ kind: "flags", uid: 4, flags: [] }]);
  });

  test("that are no sets of UIDs end the connection", async () => {
    for (const set of ["x", "1:*", "0", "1:4294967296", "5,,6"]) {
      const { connection, line, say } = await withQresync();
      const changes = all(fetchChanges(connection, { sinceModSeq: "7" }));
      await line();
      say(`* VANISHED (EARLIER) ${set}`, "% OK");
      await expect(changes).rejects.toMatchObject({ kind: "source-protocol" });
      await expect(noop(connection)).rejects.toMatchObject({ kind: "source-protocol" });
    }
  });

  test("of every UID there could be cost no memory", async () => {
    const { connection, line, say } = await withQresync();
    const changes = all(fetchChanges(connection, { sinceModSeq: "7" }));
    await line();
    say("* VANISHED (EARLIER) 1:4294967295", "% OK");
    expect(await changes).toEqual([{ kind: "vanished", from: 1, to: 4_294_967_295 }]);
  });

  test("make the server wait while the consumer is busy, and need not be read to the end", async () => {
    const { connection, line, say, server } = await withQresync();
    const changes = fetchChanges(connection, { sinceModSeq: "7" });
    const first = changes.next();
    await line();
    const sets = Array.from({ length: 50_000 }, (_, i) => 3 * i + 1).join(",");
    say(...Array.from({ length: 20 }, () => `* VANISHED (EARLIER) ${sets}`), "% OK");
    expect((await first).value).toEqual({ kind: "vanished", from: 1, to: 1 });
    expect(server.writableLength).toBeGreaterThan(0);
    await changes.return();
    const done = noop(connection);
    await line();
    say("% OK");
    await done;
  });

  test("that nobody asked for disturb no other command", async () => {
    const { connection, line, say } = await withQresync();
    const done = noop(connection);
    await line();
    say("* VANISHED 3:7", "* VANISHED (EARLIER) 1", "* 2 FETCH (UID 7 FLAGS () MODSEQ (9))", "% OK");
    await expect(done).resolves.toBeUndefined();
  });
});

describe("flags", () => {
  test("come by UID, and news without one are left out", async () => {
    const { connection, line, say } = scriptedConnection();
    const flags = all(fetchFlags(connection, "4,7:9"));
    expect(await line()).toBe("UID FETCH 4,7:9 (UID FLAGS)");
    say(
      "* 1 FETCH (FLAGS (\\Seen $X) UID 4)",
      "* 2 FETCH (FLAGS ())",
      "* 3 FETCH (UID 9 FLAGS () X (1))",
      "% OK",
    );
    expect(await flags).toEqual([
      { uid: 4, flags: ["\\Seen", "$X"] },
      { uid: 9, flags: [] },
    ]);
  });

  test("that the server does not give whole are an error", async () => {
    const { connection, line, say } = scriptedConnection();
    const flags = all(fetchFlags(connection, "1:*"));
    await line();
    say("* 1 FETCH (FLAGS () UID 4)", "% NO cannot read some");
    await expect(flags).rejects.toMatchObject({ name: "CommandRefusedError" });
  });
});

describe("the UIDs that are there", () => {
  test("by ESEARCH are ranges in order, joined where they touch", async () => {
    const { connection, line, say } = scriptedConnection("ESEARCH");
    const uids = listUids(connection, "1:*");
    expect(await line()).toBe("UID SEARCH RETURN (ALL) UID 1:*");
    say('* ESEARCH (TAG "a") UID ALL 9,4:2,5', "% OK");
    expect(await uids).toEqual([
      { from: 2, to: 5 },
      { from: 9, to: 9 },
    ]);
    const none = listUids(connection, "1:*");
    await line();
    say('* ESEARCH (TAG "a") UID', "% OK");
    expect(await none).toEqual([]);
  });

  test("by SEARCH are the same", async () => {
    const { connection, line, say } = scriptedConnection();
    const uids = listUids(connection, "1:9");
    expect(await line()).toBe("UID SEARCH UID 1:9");
    say("* SEARCH 9 2 3", "* SEARCH 5", "% OK");
    expect(await uids).toEqual([
      { from: 2, to: 3 },
      { from: 5, to: 5 },
      { from: 9, to: 9 },
    ]);
  });
});

import { afterEach, describe, expect, it } from "vitest";
import { type Copying, type CopyingOptions, PASSWORD, startCopying } from "../kit/copying.ts";
import { expectOk } from "../kit/imap-client.ts";
import { fillMailbox, openMailbox } from "../kit/mailbox.ts";

const ODD_NAMES = [
  'with "quotes"',
  "back\\slash",
  "R&D & more",
  "Società àèìòù",
  "Ελληνικά 日本語",
  "Rocket 🚀",
  " spaces at both ends ",
  "100%",
  "star*",
  "(round) [square] {curly}",
  "NIL",
  "{5}",
  "one/two/three/four/five/six",
];

/** Lets a Dovecot keep names that its storage cannot hold, as old servers did. */
const ANY_NAME = "mail_plugins = listescape\nprotocol imap {\n  mail_plugins = listescape\n}";

function letter(text: string) {
  return {
    body: Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`),
    internalDate: "05-May-2015 05:05:05 +0200",
  };
}

describe("folders", () => {
  let copying: Copying | undefined;

  afterEach(async () => {
    await copying?.stop();
    copying = undefined;
  });

  async function between(options: Omit<CopyingOptions, "users">, names: readonly string[]): Promise<Copying> {
    copying = await startCopying({ users: ["anna"], ...options });
    const folders = Object.fromEntries(names.map((name) => [name, [letter("in it")]]));
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, folders);
    return copying;
  }

  async function targetNames(between: Copying): Promise<string[]> {
    return [...(await between.read("target", "anna")).keys()];
  }

  /** Target folder of each source folder, by the ledger. */
  async function places(between: Copying): Promise<Record<string, string>> {
    return Object.fromEntries((await between.ledger("anna")).map(({ source, target }) => [source, target]));
  }

  it("with odd names arrive under the same names where both servers take them", async () => {
    const both = { separator: "/" as const };
    const dovecots = await between({ source: both, target: { ...both, mail: "mdbox" } }, [
      "INBOX",
      ...ODD_NAMES,
    ]);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: ODD_NAMES.length + 1, refused: 0 });
    expect(await dovecots.differences("anna")).toEqual([]);
    const subscribed = async (side: "source" | "target") =>
      [...(await dovecots.read(side, "anna"))]
        .filter(([, folder]) => folder.subscribed)
        .map(([path]) => path)
        .toSorted();
    expect(await subscribed("target")).toEqual(await subscribed("source"));
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
  });

  it("keep their levels between other separators, and their names apart where these hold the separator", async () => {
    const names = ["a/b/c/d/e/f", "v1.0", "v1.0/notes", "v1%2E0"];
    const dovecots = await between({ source: { separator: "/" }, target: { separator: "." } }, names);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 4, refused: 0 });
    expect(await places(dovecots)).toMatchObject({
      "a/b/c/d/e/f": "a.b.c.d.e.f",
      "v1.0": "v1%2E0",
      "v1.0/notes": "v1%2E0.notes",
      "v1%2E0": "v1%252E0",
    });
    expect(await targetNames(dovecots)).toEqual(
      expect.arrayContaining(["v1%2E0", "v1%252E0", "a/b/c/d/e/f"]),
    );
  });

  it("lose the prefix of the old server", async () => {
    const source = { separator: "." as const, prefix: "INBOX.", config: ANY_NAME };
    const names = ["INBOX", "INBOX.Work", "INBOX.Work.2020/21"];
    const dovecots = await between({ source, target: { mail: "sdbox" } }, names);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 3, refused: 0 });
    expect(await places(dovecots)).toEqual({
      INBOX: "INBOX",
      "INBOX.Work": "Work",
      "INBOX.Work.2020/21": "Work/2020%2F21",
    });
  });

  it("get the prefix of the target, which an empty account shows by NAMESPACE only", async () => {
    const target = { separator: "." as const, prefix: "INBOX." };
    const dovecots = await between({ source: { separator: "/" }, target }, ["INBOX", "Work/Rome"]);
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: 2, refused: 0 });
    expect(await places(dovecots)).toMatchObject({ INBOX: "INBOX", "Work/Rome": "INBOX.Work.Rome" });
  });

  it("with names that the target refuses get plain ones that stay theirs, and two never become one", async () => {
    // Dovecot refuses names of its own files, and dots where it keeps Maildir++.
    const names = ["cur", "cur_", "~home", "_home", "deep/new/x"];
    const dovecots = await between(
      { source: { mail: "sdbox", config: ANY_NAME }, target: { separator: "/" } },
      names,
    );
    expect(await dovecots.pass("anna")).toEqual({ kind: "done", copied: names.length, refused: 0 });
    const first = await places(dovecots);
    expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
    expect(first).toMatchObject({ cur_: "cur_", _home: "_home" });
    await fillMailbox(dovecots.source.endpoint(), dovecots.address("anna"), PASSWORD, {
      cur: [letter("later")],
    });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    expect(await places(dovecots)).toEqual(first);
  });

  it("of a special use go to the target's folder of that use, and a folder that only has its name beside it", async () => {
    const specialUse = { "Posta inviata": "\\Sent", Cestino: "\\Trash" };
    const target = { specialUse: { Sent: "\\Sent", Deleted: "\\Trash" } };
    const dovecots = await between({ source: { specialUse, separator: "/" }, target }, [
      "Posta inviata",
      "Sent",
      "Cestino",
    ]);
    await makeFolder(dovecots, "Sent");
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 3 });
    expect(await places(dovecots)).toMatchObject({
      "Posta inviata": "Sent",
      Sent: expect.stringMatching(/^Sent-[0-9a-f]{8}$/),
      Cestino: "Cestino",
    });
  });

  it("that the user has deleted on the target stay gone: new mail of them goes to INBOX, old mail nowhere", async () => {
    const dovecots = await between({}, ["INBOX", "Work"]);
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 2 });
    await dovecots.act("target", "anna", "INBOX", "DELETE Work");
    await fillMailbox(dovecots.source.endpoint(), dovecots.address("anna"), PASSWORD, {
      Work: [letter("new")],
    });
    await dovecots.act("source", "anna", "Work", "UID STORE 1:* +FLAGS (\\Flagged)");
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    const target = await dovecots.read("target", "anna");
    expect([...target.keys()]).toEqual(["INBOX"]);
    expect(target.get("INBOX")?.messages.map(({ flags }) => flags)).toEqual([[], ["\\Flagged"]]);
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
  });

  it("that the user has deleted and made anew take only what was never copied", async () => {
    const dovecots = await between({}, ["Work"]);
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    await dovecots.act("target", "anna", "INBOX", "DELETE Work", "CREATE Work");
    await fillMailbox(dovecots.target.endpoint(), dovecots.address("anna"), PASSWORD, {
      Work: [letter("own")],
    });
    await fillMailbox(dovecots.source.endpoint(), dovecots.address("anna"), PASSWORD, {
      Work: [letter("new")],
    });
    await dovecots.act("source", "anna", "Work", "UID STORE 1 +FLAGS (\\Flagged)");
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    const work = (await dovecots.read("target", "anna")).get("Work")?.messages ?? [];
    expect(work).toHaveLength(2);
    expect(work[0]?.flags).toEqual([]);
  });

  it("that the source has made anew with the same mail are recognised, and only what is new is copied", async () => {
    const dovecots = await between({}, ["Work"]);
    const { source } = dovecots;
    await fillMailbox(source.endpoint(), dovecots.address("anna"), PASSWORD, {
      Work: [letter("2"), letter("2")],
    });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 3 });
    await dovecots.act("source", "anna", "INBOX", "DELETE Work");
    const again = [letter("2"), letter("in it"), letter("2"), letter("new")];
    await fillMailbox(source.endpoint(), dovecots.address("anna"), PASSWORD, { Work: again });
    expect(await dovecots.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    expect(await dovecots.differences("anna")).toEqual([]);
  });
});

async function makeFolder(copying: Copying, name: string): Promise<void> {
  const client = await openMailbox(copying.target.endpoint(), copying.address("anna"), PASSWORD);
  expectOk(await client.command(`CREATE "${name}"`), `CREATE ${name}`);
  await client.logOut();
}

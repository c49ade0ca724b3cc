import { afterEach, describe, expect, it } from "vitest";
import { verifyAccount } from "../../src/cutover/verify.ts";
import type { FolderPolicies } from "../../src/model/domain.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type StoredMailbox } from "../kit/mailbox.ts";

const ANY_SOURCE = { separator: "." as const, prefix: "INBOX." };

function letter(text: string) {
  return {
    body: Buffer.from(`Message-ID: <${text}@example.test>\r\nSubject: ${text}\r\n\r\n${text}\r\n`),
    internalDate: "05-May-2015 05:05:05 +0200",
  };
}

describe("the rules of a domain", () => {
  let copying: Copying | undefined;

  afterEach(async () => {
    await copying?.stop();
    copying = undefined;
  });

  async function between(
    policies: Partial<FolderPolicies>,
    folders: Readonly<Record<string, number>>,
  ): Promise<Copying> {
    const specialUse = { Sent: "\\Sent", "Posta indesiderata": "\\Junk" };
    copying = await startCopying({
      users: ["anna"],
      source: ANY_SOURCE,
      target: { separator: "/", specialUse },
    });
    await copying.deps.store.domains.update("example.test", policies);
    const ownFolders = Object.fromEntries(Object.keys(specialUse).map((name) => [name, []]));
    await fillMailbox(copying.target.endpoint(), copying.address("anna"), PASSWORD, ownFolders);
    await fill(copying, folders);
    return copying;
  }

  async function fill(at: Copying, folders: Readonly<Record<string, number>>): Promise<void> {
    const letters = Object.entries(folders).map(([name, count]) => [
      name,
      Array.from({ length: count }, (_, n) => letter(`${name.replaceAll(/[^A-Za-z]/g, "")}-${n}`)),
    ]);
    await fillMailbox(at.source.endpoint(), at.address("anna"), PASSWORD, Object.fromEntries(letters));
  }

  function counts(mailbox: StoredMailbox): Record<string, number> {
    return Object.fromEntries([...mailbox].map(([name, { messages }]) => [name, messages.length]));
  }

  it("send folders elsewhere with all below them, and two into one without losing or doubling a message", async () => {
    const at = await between(
      {
        folderMap: [
          { from: "Müll", to: "Junk" },
          { from: "Alt", to: "Neu" },
        ],
      },
      {
        INBOX: 1,
        "INBOX.Alt": 2,
        "INBOX.Alt.2020": 3,
        "INBOX.Neu": 4,
        "INBOX.Neu.2020": 5,
        "INBOX.Müll": 6,
        "INBOX.Spam": 7,
        "INBOX.Gesendet": 8,
      },
    );
    expect(await at.pass("anna")).toEqual({ kind: "done", copied: 36, refused: 0 });
    const expected = { INBOX: 1, Neu: 6, "Neu/2020": 8, "Posta indesiderata": 13, Sent: 8 };
    expect(counts(await at.read("target", "anna"))).toMatchObject(expected);
    expect(await verifyAccount(at.deps, at.address("anna"), { deep: true })).toMatchObject({ equal: true });

    await fill(at, { "INBOX.Alt": 1, "INBOX.Neu": 1 });
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: 2 });
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(counts(await at.read("target", "anna"))).toMatchObject({ ...expected, Neu: 8 });
    expect(await verifyAccount(at.deps, at.address("anna"), { deep: false })).toMatchObject({ equal: true });
  });

  it("leave folders out, which verify names and does not miss", async () => {
    const at = await between(
      { exclude: ["Öffentlich*", "Spam"] },
      {
        INBOX: 1,
        "INBOX.Öffentlich": 2,
        "INBOX.Öffentlich.a": 3,
        "INBOX.Spam": 4,
        "INBOX.Work": 5,
      },
    );
    expect(await at.pass("anna")).toEqual({ kind: "done", copied: 6, refused: 0 });
    expect(await at.account("anna")).toMatchObject({ foldersTotal: 2, messagesTotal: 6, messagesCopied: 6 });
    const target = await at.read("target", "anna");
    expect([...target.keys()].filter((name) => /ffentlich|Spam/.test(name))).toEqual([]);
    const verified = await verifyAccount(at.deps, at.address("anna"), { deep: false });
    expect(verified.equal).toBe(true);
    expect(verified.excluded.toSorted((a, b) => a.source.localeCompare(b.source, "en"))).toEqual([
      { source: "INBOX.Öffentlich", reason: "rule" },
      { source: "INBOX.Öffentlich.a", reason: "rule" },
      { source: "INBOX.Spam", reason: "rule" },
    ]);

    await at.deps.store.domains.update("example.test", { exclude: [] });
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: 9 });
    expect(await verifyAccount(at.deps, at.address("anna"), { deep: false })).toMatchObject({
      equal: true,
      excluded: [],
    });
  });

  it("made later leave a folder where it is, and take what is new of it there", async () => {
    const at = await between({}, { INBOX: 1, "INBOX.Alt": 2, "INBOX.Müll": 1 });
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: 4 });
    await at.deps.store.domains.update("example.test", {
      folderMap: [{ from: "Alt", to: "Neu" }],
      exclude: ["Müll"],
    });
    await fill(at, { "INBOX.Alt": 1, "INBOX.Alt.2020": 1, "INBOX.Müll": 1 });
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: 2 });
    expect(counts(await at.read("target", "anna"))).toMatchObject({ Alt: 3, "Alt/2020": 1, Müll: 1 });
    expect(await verifyAccount(at.deps, at.address("anna"), { deep: false })).toMatchObject({ equal: true });
  });

  it("are not needed for folders that only mean the same in another language", async () => {
    const folders = { "INBOX.Gesendete Elemente": 1, "INBOX.Courrier indésirable": 2, "INBOX.ごみ箱": 3 };
    const at = await between({}, { INBOX: 1, ...folders });
    expect(await at.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
    expect(counts(await at.read("target", "anna"))).toMatchObject({
      Sent: 1,
      "Posta indesiderata": 2,
      ごみ箱: 3,
    });
  });
});

it("hundreds of folders are made and subscribed, parents before children", async () => {
  const copying = await startCopying({ users: ["anna"], target: { separator: "/", mail: "mdbox" } });
  try {
    const names = Array.from({ length: 120 }, (_, at) => `f${at % 10}.g${at % 40}.h${at}`);
    await fillMailbox(
      copying.source.endpoint(),
      copying.address("anna"),
      PASSWORD,
      Object.fromEntries(names.map((name) => [name, []])),
    );
    expect(await copying.pass("anna")).toMatchObject({ kind: "done" });
    expect(await copying.differences("anna")).toEqual([]);
  } finally {
    await copying.stop();
  }
});

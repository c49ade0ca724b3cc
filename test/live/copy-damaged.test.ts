import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox } from "../kit/mailbox.ts";

function letter(text: string) {
  return {
    body: Buffer.from(`Message-ID: <${text}@example.test>\r\nSubject: ${text}\r\n\r\n${text}\r\n`),
    internalDate: "05-May-2015 05:05:05 +0200",
  };
}

describe("a message that is damaged on the old server's disk", () => {
  let copying: Copying | undefined;

  afterEach(async () => {
    await copying?.stop();
    copying = undefined;
  });

  async function filled(options: Partial<Parameters<typeof startCopying>[0]> = {}): Promise<Copying> {
    copying = await startCopying({ users: ["anna"], ...options });
    const INBOX = Array.from({ length: 10 }, (_, at) => letter(`letter ${at}`));
    const folders = { INBOX, Other: [letter("other")] };
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, folders);
    return copying;
  }

  /** Puts the file of one message back under another name or mode. */
  async function damage(at: Copying, text: string, name: (name: string) => string, mode: number) {
    const maildir = join(at.source.folder, "mail", at.address("anna"), "mail");
    for (const part of ["cur", "new"]) {
      for (const file of await readdir(join(maildir, part))) {
        const octets = await readFile(join(maildir, part, file));
        if (!octets.includes(`Subject: ${text}\n`)) continue;
        await rm(join(maildir, part, file));
        await writeFile(join(maildir, part, name(file)), octets, { mode });
      }
    }
  }

  /** A message that breaks a connection while being sent is found over some passes at most. */
  async function passUntilDone(at: Copying) {
    for (let pass = 1; ; pass += 1) {
      const outcome = await at.pass("anna");
      if (outcome.kind === "done" || pass === 3) return outcome;
    }
  }

  async function refusals(at: Copying): Promise<(string | null)[]> {
    const entries = (await at.ledger("anna")).flatMap((folder) => folder.entries);
    return entries.flatMap(({ refusal }) => refusal ?? []);
  }

  it("with a wrong size in its name does not keep the others from being copied", async () => {
    const at = await filled();
    await damage(at, "letter 4", (name) => name.replace(/,S=\d+,W=\d+/, ",S=5,W=5"), 0o666);
    expect(await passUntilDone(at)).toMatchObject({ kind: "done", refused: 1 });
    expect(await refusals(at)).toEqual(["the old server breaks off while sending it"]);
    expect((await at.read("target", "anna")).get("INBOX")?.messages).toHaveLength(9);
    expect((await at.read("target", "anna")).get("Other")?.messages).toHaveLength(1);
  });

  it("so that not even its size can be read does not keep the others from being copied, and is asked for once", async () => {
    const at = await filled();
    await damage(at, "letter 4", (name) => name.replace(/,S=\d+,W=\d+/, ""), 0o000);
    expect(await at.pass("anna")).toEqual({ kind: "done", copied: 10, refused: 1 });
    expect(await refusals(at)).toEqual(["the old server breaks off while saying its date and size"]);
    const complaints = async () => (await at.source.log()).split("FETCH failed").length;
    const before = await complaints();
    expect(await at.pass("anna")).toEqual({ kind: "done", copied: 0, refused: 1 });
    expect(await complaints()).toBe(before);
  });
});

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Failure } from "../../src/model/failure.ts";
import type { LoginHow } from "../../src/upstream/imap/commands/login.ts";
import {
  openIndependentReader,
  reasonAgainstIndependentReader,
} from "../../src/upstream/imap/reading/independent-reader.ts";
import { openOwnReader } from "../../src/upstream/imap/reading/own-reader.ts";
import type { Reader } from "../../src/upstream/imap/reading/reader.ts";
import { CANARY } from "../kit/canary.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { fillMailbox } from "../kit/mailbox.ts";

const ANNA = "anna@example.test";
const PASSWORD = `pässwört % "${CANARY}`;
const MASTER = { user: "boss", password: `boss-${CANARY}` };
const LARGE = Buffer.alloc(
  3_000_000,
  "0123456789 lorem ipsum dolor sit amet consectetur adipiscing elit\r\n",
);
const SMALL = Buffer.from("Message-ID: <small@example.test>\r\nSubject: klein\r\n\r\nhallo\r\n");
const WEIRD = [`a"quote`, "back\\slash", "amp & sign", "accènt", "emoji 😀", "one/two/three", "\\leading"];

const TINY = Buffer.from("\r\n");

let dovecot: Dovecot;

beforeAll(async () => {
  dovecot = await startDovecot({ users: { [ANNA]: PASSWORD }, masterUser: MASTER, separator: "/" });
  const date = "17-Jul-1996 02:44:25 -0700";
  await fillMailbox({ ...dovecot.endpoint(), tls: "starttls" }, ANNA, PASSWORD, {
    INBOX: [{ body: SMALL, flags: ["\\Seen", "$Work"], internalDate: date }, { body: LARGE }, { body: TINY }],
    ...Object.fromEntries(
      WEIRD.map((name) => [name, [{ body: Buffer.from(`Subject: x\r\n\r\n${name}\r\n`) }]]),
    ),
    Empty: [],
  });
});

afterAll(() => dovecot?.stop());

describe("the independent reader", () => {
  test.each(["starttls", "implicit", "none"] as const)("reads over %s", async (tls) => {
    await reading(how(), tls, async (reader) => {
      expect((await reader.open("INBOX")).exists).toBe(3);
    });
  });

  test("shows of each message what the server has", async () => {
    await reading(how(), "starttls", async (reader) => {
      await reader.open("INBOX");
      const messages = await all(reader.messages({ messageId: true }));
      expect(messages).toHaveLength(3);
      expect(messages[0]).toEqual({
        uid: 1,
        size: SMALL.length,
        flags: expect.arrayContaining(["\\Seen", "$Work"]) as string[],
        internalDate: Date.parse("1996-07-17T09:44:25Z") / 1000,
        messageId: "<small@example.test>",
      });
      expect(messages[1]).toMatchObject({ uid: 2, size: LARGE.length, messageId: null, flags: [] });
    });
  });

  test("hashes messages of any size as they stream past, also one whose size it was told wrong", async () => {
    await reading(how(), "starttls", async (reader) => {
      await reader.open("INBOX");
      const wanted = [
        { uid: 1, size: SMALL.length },
        { uid: 2, size: 10 },
        { uid: 3, size: 2 },
        { uid: 99, size: 5 },
      ];
      const digests = await all(reader.digests(wanted));
      expect(digests.map(({ uid, octets, exact }) => ({ uid, octets, exact }))).toEqual([
        { uid: 1, octets: SMALL.length, exact: sha256(SMALL) },
        { uid: 3, octets: 2, exact: sha256(TINY) },
        { uid: 2, octets: LARGE.length, exact: sha256(LARGE) },
      ]);
      expect((await all(reader.digests([{ uid: 2, size: LARGE.length }])))[0]?.exact).toBe(sha256(LARGE));
    });
  });

  test("opens folders of any name by the octets that the server lists", async () => {
    await reading(how(), "starttls", async (reader) => {
      const names = (await reader.folders())
        .filter((folder) => folder.selectable)
        .map((folder) => folder.name);
      expect(names).toContain("amp &- sign");
      expect(names).toContain("emoji &2D3eAA-");
      const odd = names.filter((name) => reasonAgainstIndependentReader(how(), [name]) !== null);
      expect(odd).toEqual(["\\leading"]);
      const counts: Record<string, number> = {};
      for (const name of names.filter((one) => !odd.includes(one)))
        counts[name] = (await reader.open(name)).exists;
      expect(counts).toEqual({
        INBOX: 3,
        'a"quote': 1,
        "back\\slash": 1,
        "amp &- sign": 1,
        "acc&AOg-nt": 1,
        "emoji &2D3eAA-": 1,
        "one/two/three": 1,
        Empty: 0,
      });
    });
  });

  test("finds the same as imbarco's own client", async () => {
    const own = await openOwnReader({ log: silentLog() }, "source", dovecot.endpoint(), how());
    const independent = await openIndependentReader("source", dovecot.endpoint(), how());
    try {
      const found = await Promise.all([own, independent].map(everythingIn));
      expect(found[0]).toEqual(found[1]);
      expect(Object.keys(found[0] ?? {})).toHaveLength(8);
    } finally {
      await Promise.all([own.close(), independent.close()]);
    }
  });

  test.each(["authzid", "separator"] as const)("reads on a user's behalf by %s", async (kind) => {
    const master: LoginHow = {
      kind,
      user: Buffer.from(ANNA),
      master: Buffer.from(MASTER.user),
      separator: "*",
      password: new Secret(Buffer.from(MASTER.password)),
    };
    await reading(master, "implicit", async (reader) => {
      expect((await reader.open("INBOX")).exists).toBe(3);
    });
  });

  test("says which server refused its login, and that a server is not there", async () => {
    const wrong = { ...how(), password: new Secret(Buffer.from(`wrong-${CANARY}`)) };
    const refused = await failureOf(openIndependentReader("target", dovecot.endpoint(), wrong));
    expect(refused.kind).toBe("target-auth-failed");
    expect(refused.message).toContain(`127.0.0.1:${dovecot.imapPort}`);
    const nobody = { ...dovecot.endpoint(), port: 1 };
    expect((await failureOf(openIndependentReader("source", nobody, how()))).kind).toBe("source-unreachable");
  });

  test("believes only the authority that it was told", async () => {
    const stranger = { ...dovecot.endpoint(), ca: null };
    expect((await failureOf(openIndependentReader("source", stranger, how()))).kind).toBe(
      "source-unreachable",
    );
  });

  test("knows beforehand which credentials it cannot send", () => {
    const latin1 = { ...how(), password: new Secret(Buffer.from([0x70, 0xe8])) };
    expect(reasonAgainstIndependentReader(latin1, [])).toContain("not UTF-8");
    expect(reasonAgainstIndependentReader(how(), ["Caff&AOg-", "INBOX"])).toBeNull();
    expect(reasonAgainstIndependentReader(how(), ["Caff\xe8"])).toContain("folder");
  });
});

function how(): Extract<LoginHow, { kind: "password" }> {
  return { kind: "password", user: Buffer.from(ANNA), password: new Secret(Buffer.from(PASSWORD)) };
}

async function reading(
  login: LoginHow,
  tls: "starttls" | "implicit" | "none",
  work: (reader: Reader) => Promise<void>,
): Promise<void> {
  const reader = await openIndependentReader("source", dovecot.endpoint(tls), login);
  try {
    await work(reader);
  } finally {
    await reader.close();
  }
}

/** All folders that both clients can open, with their messages and contents. */
async function everythingIn(reader: Reader): Promise<Record<string, unknown>> {
  const everything: Record<string, unknown> = {};
  for (const { name, selectable } of await reader.folders()) {
    if (!selectable || reasonAgainstIndependentReader(how(), [name]) !== null) continue;
    const opened = await reader.open(name);
    const messages = await all(reader.messages({ messageId: true }));
    const digests = await all(reader.digests(messages));
    everything[name] = {
      ...opened,
      messages: messages.map((message) => ({ ...message, flags: message.flags.toSorted() })),
      digests: digests.toSorted((a, b) => a.uid - b.uid),
    };
  }
  return everything;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function failureOf(opening: Promise<Reader>): Promise<Failure> {
  const error = await opening.then(
    () => new Error("it opened"),
    (thrown: unknown) => thrown,
  );
  return error as Failure;
}

function sha256(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}

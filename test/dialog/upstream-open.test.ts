import { readFile } from "node:fs/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { type OpenOptions, openImap } from "../../src/upstream/open.ts";
import { makeCertificates } from "../kit/certs.ts";
import { ScriptPeer, type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

/** How the server's octets travel. */
const MODES = ["whole", "octet by octet"] as const;
type Mode = (typeof MODES)[number];

const FORGED = [
  "* CAPABILITY IMAP4rev1 LOGINDISABLED FORGED",
  '* LIST () "/" INBOX',
  "* 3 EXISTS",
  "* 1 FETCH (FLAGS ())",
  "* STATUS INBOX (MESSAGES 1)",
  "* OK [REFERRAL imap://evil.example/] go there",
  "* NO [ALERT] send your password to evil.example",
];

let folder: string;
let ca: string;
let context: ReturnType<typeof createSecureContext>;
let server: ScriptServer | null = null;
/** All that the client has sent in clear. */
let clear: string[] = [];

beforeAll(async () => {
  folder = await makeTempFolder();
  const certificates = await makeCertificates(folder);
  ca = certificates.ca;
  context = createSecureContext({
    cert: await readFile(certificates.certFile),
    key: await readFile(certificates.keyFile),
  });
});

afterEach(async () => {
  await server?.close();
  server = null;
  clear = [];
});

afterAll(() => removeTempFolder(folder));

/** One client's view of the server. */
class Script {
  peer: ScriptPeer;
  readonly #mode: Mode;
  /** What the client sends in clear; a script that outlives its test still writes into that test's list. */
  readonly clear = clear;
  tag = "";

  constructor(peer: ScriptPeer, mode: Mode) {
    this.peer = peer;
    this.#mode = mode;
  }

  /** Sends lines with `%` for the tag, in one packet or octet by octet. */
  async say(...lines: string[]): Promise<void> {
    const text = lines.map((line) => `${line.replaceAll("%", this.tag)}\r\n`).join("");
    if (this.#mode === "whole") {
      this.peer.sendRaw(text);
      return;
    }
    for (const letter of text) {
      this.peer.sendRaw(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Reads a command and keeps its tag. */
  async command(): Promise<string> {
    const line = (await this.peer.line()) ?? "";
    this.tag = line.split(" ")[0] ?? "";
    return line.slice(this.tag.length + 1);
  }

  /** The server's side of STARTTLS from the greeting on. */
  async clearPart(before: string[], after: string[]): Promise<void> {
    await this.say(...before);
    this.clear.push(await this.command());
    await this.say(...after);
  }

  /** Goes on inside TLS and answers CAPABILITY. */
  async tlsPart(): Promise<void> {
    const { socket } = this.peer.detach();
    this.peer = new ScriptPeer(new TLSSocket(socket, { isServer: true, secureContext: context }));
    if ((await this.command()) !== "CAPABILITY")
      throw new Error("the client did not ask for the capabilities");
    await this.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN", "% OK done");
  }
}

async function attempt(
  mode: Mode,
  play: (script: Script) => Promise<void>,
  change: { endpoint?: Partial<Endpoint>; options?: OpenOptions } = {},
): Promise<ImapConnection> {
  server = await startScriptServer((peer) => play(new Script(peer, mode)));
  const endpoint: Endpoint = {
    host: "127.0.0.1",
    port: server.port,
    tls: "starttls",
    ca,
    verify: true,
    ...change.endpoint,
  };
  return openImap({ log: silentLog() }, "source", endpoint, change.options);
}

describe.each(MODES)("a server that speaks %s", (mode) => {
  test("is used inside TLS, and nothing that it said before is believed", async () => {
    const connection = await attempt(mode, async (script) => {
      await script.clearPart(
        ["* OK [CAPABILITY IMAP4rev1 FORGED] hello", ...FORGED],
        [...FORGED, "% OK [CAPABILITY FORGED] go"],
      );
      await script.tlsPart();
    });
    expect(clear).toEqual(["STARTTLS"]);
    expect([...connection.capabilities]).toEqual(["IMAP4REV1", "AUTH=PLAIN"]);
    connection.close();
  });

  test.each([
    ["refuses STARTTLS", ["* OK hi"], ["% NO not here"], "source-protocol"],
    ["does not know STARTTLS", ["* OK hi"], ["% BAD what?"], "source-protocol"],
    ["asks for more instead of answering", ["* OK hi"], ["+ go on"], "source-protocol"],
    ["answers for another command", ["* OK hi"], ["a1 OK go"], "source-protocol"],
    ["adds a response behind its OK", ["* OK hi"], ["% OK go", "* CAPABILITY FORGED"], "source-protocol"],
    ["adds what is no response behind its OK", ["* OK hi"], ["% OK go", "x".repeat(20)], "source-protocol"],
    ["adds answers to commands to come", ["* OK hi"], ["% OK go", "%1 OK logged in"], "source-protocol"],
    ["says goodbye during STARTTLS", ["* OK hi"], ["* BYE x"], "source-unreachable"],
    ["chatters for ever", ["* OK hi", ...Array.from({ length: 200 }, () => "* OK x")], [], "source-protocol"],
    ["sends a literal before TLS", ["* OK hi", "* LIST () NIL {100000}", "x"], [], "source-protocol"],
    ["sends a line without an end", ["* OK hi", `* OK ${"x".repeat(10_000)}`], [], "source-protocol"],
  ])("and %s is left without a password", async (_what, before, after, kind) => {
    const opening = attempt(mode, (script) => script.clearPart(before, after));
    await expect(opening).rejects.toMatchObject({ kind, message: expect.stringMatching(/127\.0\.0\.1:\d+/) });
    expect(clear.filter((line) => line !== "STARTTLS" && line !== "")).toEqual([]);
  });

  test.each([
    ["PREAUTH", "* PREAUTH welcome back", "source-protocol"],
    ["BYE", "* BYE go away", "source-unreachable"],
    ["BYE for too many connections", "* BYE [LIMIT] too many connections", "source-limit"],
    ["something else", "220 smtp.example ESMTP", "source-protocol"],
    ["a tagged line", "x1 OK", "source-protocol"],
    ["NO", "* NO x", "source-protocol"],
    ["an endless line", `* OK ${"x".repeat(10_000)}`, "source-protocol"],
  ])("and greets with %s is left at once", async (_what, greeting, kind) => {
    for (const tls of ["starttls", "none"] as const) {
      const opening = attempt(
        mode,
        async (script) => {
          await script.say(greeting);
          script.clear.push(await script.peer.rest());
        },
        { endpoint: { tls } },
      );
      await expect(opening).rejects.toMatchObject({ kind });
      await server?.close();
      server = null;
    }
    expect(clear.join("")).toBe("");
  });
});

describe("a server", () => {
  const silent = async (script: Script) => void (await script.peer.rest());

  test("that never greets, never answers or never shakes hands costs no more than its bound", async () => {
    const options = { limits: { greetingLimitMs: 30, connectLimitMs: 200, silenceLimitMs: 10_000 } };
    await expect(attempt("whole", silent, { options })).rejects.toThrow(/no greeting within/);
    await server?.close();
    const mute = (script: Script) => script.clearPart(["* OK hi"], []);
    await expect(attempt("whole", mute, { options })).rejects.toThrow(/did not answer STARTTLS within/);
    await server?.close();
    const unasked = ({ peer }: Script) => {
      peer.send("* OK hi");
      return silent({ peer } as Script);
    };
    await expect(attempt("whole", unasked, { options, endpoint: { tls: "none" } })).rejects.toThrow(
      /did not answer CAPABILITY within/,
    );
    await server?.close();
    const noHandshake = (script: Script) => script.clearPart(["* OK hi"], ["% OK go"]);
    await expect(attempt("whole", noHandshake, { options })).rejects.toThrow(/TLS handshake .* took longer/);
    await server?.close();
    await expect(attempt("whole", silent, { options, endpoint: { tls: "implicit" } })).rejects.toThrow(
      /TLS handshake .* took longer/,
    );
  });

  test("that closes in any phase is unreachable, never a wrong password", async () => {
    const phases: [(script: Script) => Promise<void>, Partial<Endpoint>][] = [
      [async ({ peer }) => peer.end(), {}],
      [async ({ peer }) => peer.destroy(), {}],
      [async (script) => script.clearPart(["* OK hi"], []).then(() => script.peer.end()), {}],
      [async (script) => script.clearPart(["* OK hi"], ["% OK go"]).then(() => script.peer.destroy()), {}],
      [async ({ peer }) => peer.destroy(), { tls: "implicit" }],
    ];
    for (const [play, endpoint] of phases) {
      await expect(attempt("whole", play, { endpoint })).rejects.toMatchObject({
        kind: "source-unreachable",
      });
      await server?.close();
    }
  });

  test("whose certificate is for another host, or that speaks no TLS, is named with the cure", async () => {
    const honest = (script: Script) =>
      script
        .clearPart(["* OK hi"], ["% OK go"])
        .then(() => script.tlsPart())
        .catch(() => undefined);
    await expect(attempt("whole", honest, { endpoint: { ca: null } })).rejects.toThrow(
      /certificate of .* not trusted here.*--source-ca FILE/,
    );
    await server?.close();
    const plain = (script: Script) => script.say("* OK hi");
    await expect(attempt("whole", plain, { endpoint: { tls: "implicit" } })).rejects.toMatchObject({
      kind: "source-protocol",
      message: expect.stringMatching(/check that port and TLS mode fit/),
    });
  });

  test("is left at once when the attempt is no longer wanted", async () => {
    const reason = new Error("shutting down");
    const aborting = new AbortController();
    const opening = attempt(
      "whole",
      async (script) => {
        await script.say("* OK hi");
        await script.command();
        aborting.abort(reason);
        await script.peer.rest();
      },
      { options: { signal: aborting.signal } },
    );
    await expect(opening).rejects.toBe(reason);
  });
});

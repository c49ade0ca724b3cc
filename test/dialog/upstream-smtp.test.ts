import { readFile } from "node:fs/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { LoginHow } from "../../src/upstream/login-how.ts";
import { askSmtpOffers, openSmtpTarget, type SmtpTarget } from "../../src/upstream/smtp/open.ts";
import { makeCertificates } from "../kit/certs.ts";
import { ScriptPeer, type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { waitFor } from "../kit/wait-for.ts";

const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: "pc.test" };
const secret = (text: string) => new Secret(Buffer.from(text));
const MARIO: LoginHow = { kind: "password", user: Buffer.from("mario"), password: secret("secret") };
const PLAIN = "C: AUTH PLAIN AG1hcmlvAHNlY3JldA==";

let folder: string;
let ca: string;
let context: ReturnType<typeof createSecureContext>;
let server: ScriptServer | null = null;
/** What the server heard, as the script has it and as it came. */
let expected: string[] = [];
let heard: (string | null)[] = [];

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
  expected = [];
  heard = [];
});

afterAll(() => removeTempFolder(folder));

/** A server that follows lines: `C:` is what it must hear, `S:` what it says, `S|` the same without a line end, `TLS` begins TLS, `END` closes. */
async function serve(script: readonly string[]): Promise<number> {
  server = await startScriptServer(async (first) => {
    let peer = first;
    for (const line of script) {
      if (line.startsWith("S: ")) peer.send(line.slice(3));
      else if (line.startsWith("S| ")) peer.sendRaw(line.slice(3));
      else if (line === "END") peer.end();
      else if (line === "TLS")
        peer = new ScriptPeer(
          new TLSSocket(peer.detach().socket, { isServer: true, secureContext: context }),
        );
      else {
        const words = await peer.line();
        heard.push(words);
        expected.push(line.slice(3));
        if (words !== line.slice(3)) return peer.end();
      }
    }
  });
  return server.port;
}

async function endpointOf(script: readonly string[], change: Partial<Endpoint> = {}): Promise<Endpoint> {
  return { host: "127.0.0.1", port: await serve(script), tls: "none", ca, verify: true, ...change };
}

async function open(script: readonly string[], change: Partial<Endpoint> = {}): Promise<SmtpTarget> {
  const endpoint = await endpointOf(script, change);
  const limits = { greetingLimitMs: 2_000, loginLimitMs: 2_000 };
  return openSmtpTarget({ log: silentLog() }, endpoint, ORIGIN, { limits });
}

/** Up to the login, of a server that offers these lines. */
const greeted = (...offers: string[]) => [
  "S: 220 mx.test ESMTP",
  "C: EHLO pc.test",
  ...["mx.test", ...offers].map((line, at, all) => `S: 250${at + 1 < all.length ? "-" : " "}${line}`),
];

describe("a login", () => {
  test.each([
    ["S: 235 2.7.0 welcome", "ok"],
    ["S: 535 5.7.8 wrong", "refused"],
    ["S: 535 Incorrect authentication data", "refused"],
    ["S: 535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 Learn more", "refused"],
    ["S: 550 5.7.8 wrong", "refused"],
    ["S: 525 5.7.13 the account is shut", "refused"],
  ])("that is answered by %j is %s", async (answer, kind) => {
    const target = await open([...greeted("AUTH PLAIN"), PLAIN, answer]);
    expect(await target.logIn(MARIO)).toMatchObject({ kind });
    expect(heard).toEqual(expected);
    target.close();
  });

  test.each([
    ["S: 454 4.7.0 later", "target-unreachable"],
    ["S: 421 4.3.2 shutting down", "target-unreachable"],
    ["S: 421 4.7.0 too many connections from you", "target-limit"],
    ["S: 530 5.7.0 TLS first", "target-protocol"],
    ["S: 538 5.7.11 encryption required", "target-protocol"],
    ["S: 503 5.5.1 already authenticated", "target-protocol"],
    ["S: 334 more", "target-protocol"],
    ["S: welcome", "target-protocol"],
    ["S: 235-2.7.0 yes\r\n535 5.7.8 no", "target-protocol"],
    ["S: 99", "target-protocol"],
    ["END", "target-unreachable"],
  ])("that is answered by %j says nothing about the password: %s", async (answer, kind) => {
    const target = await open([...greeted("AUTH PLAIN"), PLAIN, answer]);
    await expect(target.logIn(MARIO)).rejects.toMatchObject({ kind });
  });

  test("by AUTH LOGIN where there is no PLAIN, in old spelling too", async () => {
    const script = [
      "C: AUTH LOGIN",
      "S: 334 VXNlcm5hbWU6",
      "C: bWFyaW8=",
      "S: 334 UGFzc3dvcmQ6",
      "C: c2VjcmV0",
    ];
    const target = await open([...greeted("AUTH=login"), ...script, "S: 235 welcome"]);
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(heard).toEqual(expected);
    target.close();
  });

  test("of a master, by authorization identity or with both names", async () => {
    const names = { user: Buffer.from("mario"), master: Buffer.from("boss"), password: secret("secret") };
    const authzid = `C: AUTH PLAIN ${Buffer.from("mario\0boss\0secret").toString("base64")}`;
    const first = await open([...greeted("AUTH PLAIN"), authzid, "S: 235 welcome"]);
    expect(await first.logIn({ kind: "authzid", ...names })).toMatchObject({ kind: "ok" });
    first.close();
    await server?.close();
    const both = `C: AUTH PLAIN ${Buffer.from("\0mario*boss\0secret").toString("base64")}`;
    const second = await open([...greeted("AUTH PLAIN"), both, "S: 235 welcome"]);
    expect(await second.logIn({ kind: "separator", separator: "*", ...names })).toMatchObject({ kind: "ok" });
    second.close();
    await server?.close();
    const third = await open(greeted("AUTH LOGIN"));
    await expect(third.logIn({ kind: "authzid", ...names })).rejects.toThrow(/form: separator/);
  });

  test("that would make the line too long is sent when it is asked for", async () => {
    const long = { ...MARIO, password: secret("x".repeat(400)) };
    const message = Buffer.from(`\0mario\0${"x".repeat(400)}`).toString("base64");
    const target = await open([
      ...greeted("AUTH PLAIN"),
      "C: AUTH PLAIN",
      "S: 334 ",
      `C: ${message}`,
      "S: 235 welcome",
    ]);
    expect(await target.logIn(long)).toMatchObject({ kind: "ok" });
    expect(heard).toEqual(expected);
    target.close();
  });

  test("with a password that no server can know is not tried, and nor is one without a mechanism", async () => {
    const target = await open(greeted("AUTH PLAIN"));
    expect(await target.logIn({ ...MARIO, password: secret("a\0b") })).toMatchObject({ kind: "refused" });
    target.close();
    await server?.close();
    const without = await open(greeted("PIPELINING", "AUTH CRAM-MD5"));
    await expect(without.logIn(MARIO)).rejects.toMatchObject({ kind: "target-protocol" });
  });

  test("is given away with all that stands behind the answer", async () => {
    const target = await open([...greeted("AUTH PLAIN"), PLAIN, "S| 235 welcome\r\n421 4.3.2 but"]);
    await target.logIn(MARIO);
    const { socket, leftover } = target.detach();
    expect(leftover.toString()).toBe("421 4.3.2 but");
    socket.destroy();
  });
});

describe("a server", () => {
  test.each([
    ["S: 554 5.7.1 go away", "target-protocol"],
    ["S: 421 4.7.0 too many connections", "target-limit"],
    ["S: 421 4.3.2 shutting down", "target-unreachable"],
    ["S: 220 mail.test ESMTP imbarco ready (0123456789ab)", "target-protocol"],
    ["S: * OK IMAP4rev1 ready", "target-protocol"],
    ["S: 250 hello", "target-protocol"],
    [`S| 220 ${"x".repeat(10_000)}`, "target-protocol"],
    [`S| ${"220-x\r\n".repeat(200)}`, "target-protocol"],
    ["END", "target-unreachable"],
  ])("that greets with %.40j is left at once, in clear and before STARTTLS", async (greeting, kind) => {
    for (const tls of ["none", "starttls"] as const) {
      await expect(open([greeting], { tls })).rejects.toMatchObject({ kind });
      expect(heard).toEqual([]);
      await server?.close();
    }
  });

  test("that never answers costs no more than its bound", async () => {
    const endpoint = await endpointOf(["S: 220 mx.test ESMTP", "C: EHLO pc.test"]);
    const limits = { greetingLimitMs: 50 };
    await expect(openSmtpTarget({ log: silentLog() }, endpoint, ORIGIN, { limits })).rejects.toMatchObject({
      kind: "target-unreachable",
    });
  });

  test("that does not take the client's name hears its address", async () => {
    const target = await open([
      "S: 220 mx.test ESMTP",
      "C: EHLO pc.test",
      "S: 501 5.5.2 invalid name",
      "C: EHLO [192.0.2.1]",
      "S: 250 mx.test",
    ]);
    expect(heard).toEqual(expected);
    expect(target.offers).toEqual([]);
    target.close();
  });

  test("that believes XCLIENT is greeted once more, and what it offers then counts", async () => {
    const target = await open([
      ...greeted("XCLIENT ADDR PORT LOGIN"),
      "C: XCLIENT ADDR=192.0.2.1 PORT=50000",
      ...greeted("SIZE 7"),
    ]);
    expect(heard).toEqual(expected);
    expect(target.offers).toEqual(["SIZE 7"]);
    target.close();
  });

  test("that refuses XCLIENT is used without, one that turns the client away is not", async () => {
    const asked = [...greeted("XCLIENT ADDR"), "C: XCLIENT ADDR=192.0.2.1"];
    const target = await open([...asked, "S: 550 5.7.0 insufficient authorization"]);
    expect(target.offers).toEqual(["XCLIENT ADDR"]);
    target.close();
    await server?.close();
    await expect(open([...asked, "S: 421 4.7.0 come later"])).rejects.toMatchObject({
      kind: "target-unreachable",
    });
  });

  test("is told nothing of the client where the configuration says so", async () => {
    const target = await open([...greeted("XCLIENT ADDR", "AUTH PLAIN"), PLAIN, "S: 235 welcome"], {
      clientAddress: "none",
    });
    await target.logIn(MARIO);
    expect(heard).toEqual(expected);
    target.close();
  });

  test("tells what it offers, and is left politely", async () => {
    const endpoint = await endpointOf(
      [...greeted("SIZE 1", "XCLIENT ADDR"), "C: QUIT"].map((line) => line.replace("pc.test", "mail.test")),
    );
    expect(await askSmtpOffers({ log: silentLog() }, endpoint, "mail.test")).toEqual([
      "SIZE 1",
      "XCLIENT ADDR",
    ]);
    await waitFor(() => heard.includes("QUIT"), "the farewell");
  });
});

describe("STARTTLS", () => {
  const CLEAR = [
    "S: 220 mx.test ESMTP",
    "C: EHLO pc.test",
    "S: 250-mx.test",
    "S: 250-AUTH PLAIN",
    "S: 250 FORGED",
    "C: STARTTLS",
  ];

  test("is begun, and nothing that was said before it is believed", async () => {
    const inside = ["TLS", ...greeted("AUTH PLAIN", "SIZE 5").slice(1), PLAIN, "S: 235 welcome"];
    const target = await open([...CLEAR, "S: 220 go", ...inside], { tls: "starttls" });
    expect(target.offers).toEqual(["AUTH PLAIN", "SIZE 5"]);
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(heard).toEqual(expected);
    target.close();
  });

  test.each([
    ["refused", ["S: 502 5.5.1 what?"], "target-protocol"],
    ["not possible at present", ["S: 454 4.7.0 not now"], "target-unreachable"],
    ["answered by 250", ["S: 250 fine"], "target-protocol"],
    ["followed by an answer to a command to come", ["S| 220 go\r\n250 mx.test\r\n"], "target-protocol"],
    ["followed by half a line", ["S| 220 go\r\nx"], "target-protocol"],
    ["answered by the end", ["END"], "target-unreachable"],
  ])("that is %s leaves the server without a password", async (_what, answer, kind) => {
    await expect(open([...CLEAR, ...answer], { tls: "starttls" })).rejects.toMatchObject({ kind });
    expect(heard).toEqual(["EHLO pc.test", "STARTTLS"]);
  });

  test("hides the words of whoever speaks in clear", async () => {
    const error = open(["S: 554 5.7.1 call +39 for help"], { tls: "starttls" });
    await expect(error).rejects.toThrow(/turned the connection away$/);
  });
});

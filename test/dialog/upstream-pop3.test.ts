import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { LoginHow } from "../../src/upstream/login-how.ts";
import {
  askPop3Offers,
  openPop3Target,
  type Pop3Options,
  type Pop3Target,
} from "../../src/upstream/pop3/open.ts";
import { type LineScript, LineScripts } from "../kit/line-script.ts";

const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: null };
const XCLIENT = "C: XCLIENT ADDR=192.0.2.1 PORT=50000 SESSION=abc TTL=4";
const secret = (text: string) => new Secret(Buffer.from(text, "latin1"));
const withPassword = (password: string): LoginHow => ({
  kind: "password",
  user: Buffer.from("mario"),
  password: secret(password),
});
const MARIO = withPassword("secret");
const PLAIN = "C: AUTH PLAIN AG1hcmlvAHNlY3JldA==";

let scripts: LineScripts;
let server: LineScript;

beforeAll(async () => {
  scripts = await LineScripts.create();
});

afterEach(() => scripts.close());

async function endpointOf(script: readonly string[], change: Partial<Endpoint>): Promise<Endpoint> {
  server = await scripts.serve(script);
  return { host: "127.0.0.1", port: server.port, tls: "none", ca: scripts.ca, verify: true, ...change };
}

async function open(
  script: readonly string[],
  change: Partial<Endpoint> = {},
  options: Pop3Options = {},
): Promise<Pop3Target> {
  const limits = { greetingLimitMs: 2_000, loginLimitMs: 2_000 };
  return openPop3Target({ log: silentLog() }, await endpointOf(script, change), ORIGIN, {
    limits,
    ...options,
  });
}

/** Logs in and looks whether the server heard what it should. */
async function logsIn(script: readonly string[], how: LoginHow = MARIO): Promise<string> {
  const target = await open(script);
  const { kind } = await target.logIn(how);
  expect(server.heard).toEqual(server.expected);
  target.close();
  return kind;
}

const capa = (...offers: string[]) => ["C: CAPA", "S: +OK", ...offers.map((line) => `S: ${line}`), "S: ."];
/** Up to the login, of a server that offers these lines. */
const greeted = (...offers: string[]) => ["S: +OK ready", ...capa(...offers)];
const WITH_PLAIN = greeted("TOP", "SASL CRAM-MD5 plain");

describe("a login", () => {
  test.each([
    ["+OK welcome", "ok"],
    ["+OK", "ok"],
    ["-ERR [AUTH] wrong", "refused"],
    ["-ERR [auth] wrong", "refused"],
    ["-ERR Invalid login", "refused"],
    ["-ERR", "refused"],
  ])("that is answered by %j is %s", async (answer, kind) => {
    expect(await logsIn([...WITH_PLAIN, PLAIN, `S: ${answer}`])).toBe(kind);
  });

  test.each([
    ["S: -ERR [SYS/TEMP] later", "target-unreachable"],
    ["S: -ERR [SYS/PERM] broken", "target-unreachable"],
    ["S: -ERR [IN-USE] locked", "target-limit"],
    ["S: -ERR [LOGIN-DELAY] too often", "target-limit"],
    ["S: -ERR Too many connections", "target-limit"],
    ["S: + more", "target-protocol"],
    ["S: * OK welcome", "target-protocol"],
    ["S: +OKAY", "target-protocol"],
    ["END", "target-unreachable"],
  ])("that is answered by %j says nothing about the password: %s", async (answer, kind) => {
    const target = await open([...WITH_PLAIN, PLAIN, answer]);
    await expect(target.logIn(MARIO)).rejects.toMatchObject({ kind });
  });

  test("by USER and PASS where there is no PLAIN, octet by octet", async () => {
    const script = ["C: USER mario", "S: +OK", "C: PASS  gr\xfcn ", "S: +OK welcome"];
    expect(await logsIn([...greeted("USER", "SASL CRAM-MD5"), ...script], withPassword(" gr\xfcn "))).toBe(
      "ok",
    );
    expect(await logsIn([...greeted("TOP"), ...script], withPassword(" gr\xfcn "))).toBe("ok");
  });

  test("by USER and PASS where the server does not know CAPA", async () => {
    const script = ["S: +OK ready", "C: CAPA", "S: -ERR what?", "C: USER mario", "S: -ERR no such user"];
    expect(await logsIn(script)).toBe("refused");
  });

  test("whose response is too long for the command waits to be asked", async () => {
    const password = "x".repeat(300);
    const message = Buffer.from(`\0mario\0${password}`).toString("base64");
    const script = [...WITH_PLAIN, "C: AUTH PLAIN", "S: + ", `C: ${message}`, "S: +OK"];
    expect(await logsIn(script, withPassword(password))).toBe("ok");
  });

  test("of a master, by authorization identity or with both names", async () => {
    const names = { user: Buffer.from("mario"), master: Buffer.from("boss"), password: secret("secret") };
    const authzid = `C: AUTH PLAIN ${Buffer.from("mario\0boss\0secret").toString("base64")}`;
    expect(await logsIn([...WITH_PLAIN, authzid, "S: +OK"], { kind: "authzid", ...names })).toBe("ok");
    const both = ["C: USER mario*boss", "S: +OK", "C: PASS secret", "S: +OK"];
    expect(await logsIn([...greeted("USER"), ...both], { kind: "separator", separator: "*", ...names })).toBe(
      "ok",
    );
  });

  test.each([
    [
      "a master's identity",
      { kind: "authzid", user: Buffer.from("a"), master: Buffer.from("b"), password: secret("c") },
    ],
    ["a password with a line end", withPassword("a\r\nDELE 1")],
  ] as const)("that cannot carry %s is not tried", async (_what, how) => {
    const target = await open(greeted("USER"));
    await expect(target.logIn(how)).rejects.toMatchObject({ kind: "target-protocol" });
    expect(server.heard).toEqual(server.expected);
  });

  test("with a NUL in it is refused without being sent", async () => {
    expect(await logsIn(WITH_PLAIN, withPassword("a\0b"))).toBe("refused");
  });

  test("is not tried in clear where the server wants TLS", async () => {
    const target = await open(greeted("STLS", "TOP"));
    await expect(target.logIn(MARIO)).rejects.toThrow(/wants TLS/);
  });
});

describe("before the login", () => {
  test("a server that believes us hears for whom we come", async () => {
    const script = [XCLIENT, "S: +OK Updated", ...capa("SASL PLAIN"), PLAIN, "S: +OK"];
    expect(await logsIn(["S: +OK [XCLIENT] Dovecot ready.", ...script])).toBe("ok");
  });

  test("a server that will not hear it is logged in to all the same", async () => {
    const script = [XCLIENT, "S: -ERR no", ...capa("SASL PLAIN"), PLAIN, "S: +OK"];
    expect(await logsIn(["S: +OK [XCLIENT] ready", ...script])).toBe("ok");
  });

  test("nobody is told where the configuration does not want it", async () => {
    const target = await open(["S: +OK [XCLIENT] ready", ...capa("TOP")], { clientAddress: "none" });
    expect(target.offers).toEqual(["TOP"]);
    expect(server.heard).toEqual(["CAPA"]);
    target.close();
  });

  test("UTF8 is asked for where the client has done so", async () => {
    const script = [...greeted("UTF8", "SASL PLAIN"), "C: UTF8", "S: +OK", PLAIN, "S: +OK"];
    const target = await open(script, {}, { utf8: true });
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(server.heard).toEqual(server.expected);
    target.close();
    const refusing = open([...greeted("SASL PLAIN"), "C: UTF8", "S: -ERR"], {}, { utf8: true });
    await expect(refusing).rejects.toMatchObject({ kind: "target-protocol" });
  });

  test.each([
    ["S: -ERR [SYS/TEMP] down", "target-unreachable", /down/],
    ["S: -ERR Too many connections", "target-limit", /Too many/],
    ["S: +OK mail.test imbarco ready", "target-protocol", /round in circles/],
    ["S: * OK IMAP4rev1", "target-protocol", /does not speak POP3/],
    ["END", "target-unreachable", /closed/],
    [`S| ${"x".repeat(20_000)}`, "target-protocol", /without an end/],
  ])("a greeting %j is a failure", async (greeting, kind, words) => {
    const opening = open([greeting]);
    await expect(opening).rejects.toMatchObject({ kind });
    await expect(opening).rejects.toThrow(words);
  });

  test("a list without an end is a failure", async () => {
    const lines = Array.from({ length: 300 }, (_, at) => `S: X${at}`);
    await expect(open(["S: +OK", "C: CAPA", "S: +OK", ...lines])).rejects.toMatchObject({
      kind: "target-protocol",
    });
  });

  test("what the server offers can be asked for alone", async () => {
    const endpoint = await endpointOf([...greeted("TOP", "UIDL", "EXPIRE NEVER"), "C: QUIT"], {});
    expect(await askPop3Offers({ log: silentLog() }, endpoint)).toEqual(["TOP", "UIDL", "EXPIRE NEVER"]);
  });
});

describe("STLS", () => {
  test("comes first, and what was said before it is forgotten", async () => {
    const script = ["S: +OK ready", "C: STLS", "S: +OK", "TLS", ...capa("SASL PLAIN"), PLAIN, "S: +OK"];
    const target = await open(script, { tls: "starttls" });
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(server.heard).toEqual(server.expected);
    target.close();
  });

  test.each([
    ["is refused", ["S: -ERR no"], "target-protocol", /does not offer STLS/],
    ["is followed by octets in clear", ["S| +OK\r\n+OK evil\r\n"], "target-protocol", /interfering/],
    ["ends the connection", ["END"], "target-unreachable", /closed/],
  ] as const)("that %s ends the attempt, and no password is sent", async (_how, answer, kind, words) => {
    const opening = open(["S: +OK ready", "C: STLS", ...answer, "C: nothing"], { tls: "starttls" });
    await expect(opening).rejects.toMatchObject({ kind });
    await expect(opening).rejects.toThrow(words);
  });

  test("words that came in clear are not repeated", async () => {
    const opening = open(["S: -ERR [ALERT] send your password to evil.test"], { tls: "starttls" });
    await expect(opening).rejects.not.toThrow(/evil/);
  });
});

test("what the server says behind its OK goes with the socket", async () => {
  const target = await open([...WITH_PLAIN, PLAIN, "S| +OK\r\n-ERR [IN-USE] locked\r\n"]);
  await target.logIn(MARIO);
  const { socket, leftover } = target.detach();
  expect(leftover.toString()).toBe("-ERR [IN-USE] locked\r\n");
  socket.destroy();
});

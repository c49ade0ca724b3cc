import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { type ImapTarget, openImapTarget } from "../../src/upstream/imap-login/open.ts";
import type { LoginHow, LoginOutcome } from "../../src/upstream/login-how.ts";
import { type LineScript, LineScripts } from "../kit/line-script.ts";
import { waitFor } from "../kit/wait-for.ts";

const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: null };
const ID =
  'C: % ID ("x-originating-ip" "192.0.2.1" "x-originating-port" "50000" "x-session-id" "abc" "x-proxy-ttl" "4")';
const withPassword = (password: string): LoginHow => ({
  kind: "password",
  user: Buffer.from("mario"),
  password: new Secret(Buffer.from(password, "latin1")),
});
const MARIO = withPassword("secret");
const PLAIN = "C: % AUTHENTICATE PLAIN AG1hcmlvAHNlY3JldA==";
const greeting = (...offers: string[]) => `S: * OK [CAPABILITY IMAP4rev1 ${offers.join(" ")}] ready`;
const WITH_PLAIN = greeting("SASL-IR", "AUTH=PLAIN");

let scripts: LineScripts;
let server: LineScript;
let target: ImapTarget | null = null;

beforeAll(async () => {
  scripts = await LineScripts.create();
});

afterEach(async () => {
  target?.close();
  target = null;
  await scripts.close();
});

async function open(
  script: readonly string[],
  change: Partial<Endpoint> = {},
  signal?: AbortSignal,
): Promise<ImapTarget> {
  server = await scripts.serve(script);
  const { port } = server;
  const endpoint = { host: "127.0.0.1", port, tls: "none", ca: scripts.ca, verify: true, ...change } as const;
  const limits = { greetingLimitMs: 2_000, loginLimitMs: 2_000, strayResponses: 20 };
  const deps = { log: silentLog(), instance: "ours" };
  target = await openImapTarget(deps, endpoint, ORIGIN, { limits, signal });
  return target;
}

/** Logs in and looks whether the server heard what it should. */
async function logsIn(script: readonly string[], how: LoginHow = MARIO): Promise<LoginOutcome> {
  const outcome = await (await open(script)).logIn(how);
  expect(server.heard).toEqual(server.expected);
  return outcome;
}

describe("a login", () => {
  test.each([
    ["% OK welcome", { kind: "ok", capability: null }],
    ["% OK [CAPABILITY IMAP4rev1 IDLE] welcome", { kind: "ok", capability: "IMAP4rev1 IDLE" }],
    ["* CAPABILITY IMAP4rev1 MOVE\r\nS: % OK", { kind: "ok", capability: "IMAP4rev1 MOVE" }],
    ["% NO wrong", { kind: "refused", code: null }],
    ["% NO [AUTHENTICATIONFAILED] Too many connections", { kind: "refused", code: "AUTHENTICATIONFAILED" }],
  ] as const)("that is answered by %j is %j", async (answer, outcome) => {
    expect(await logsIn([WITH_PLAIN, PLAIN, ...`S: ${answer}`.split("\r\n")])).toEqual(outcome);
  });

  test.each([
    [["S: % NO [UNAVAILABLE] later"], "target-unreachable"],
    [["S: % NO [LIMIT] full"], "target-limit"],
    [["S: % NO [PRIVACYREQUIRED] not in clear"], "target-protocol"],
    [["S: % BAD what?"], "target-protocol"],
    [["S: * BYE Too many connections"], "target-limit"],
    [["S: x1 OK welcome"], "target-protocol"],
    [["S: + "], "target-protocol"],
    [["S: welcome"], "target-protocol"],
    [["S: * LIST () NIL {99999}"], "target-protocol"],
    [[`S| * OK ${"x".repeat(20_000)}`], "target-protocol"],
    [Array.from({ length: 30 }, () => "S: * OK still here"), "target-protocol"],
    [["END"], "target-unreachable"],
  ])("that is answered by %j says nothing about the password: %s", async (answer, kind) => {
    const opened = await open([WITH_PLAIN, PLAIN, ...answer]);
    await expect(opened.logIn(MARIO)).rejects.toMatchObject({ kind });
  });

  test("waits to be asked for its response where SASL-IR is not offered", async () => {
    const script = [greeting("AUTH=PLAIN"), "C: % AUTHENTICATE PLAIN", "S: + ", "C: AG1hcmlvAHNlY3JldA=="];
    expect(await logsIn([...script, "S: % OK"])).toMatchObject({ kind: "ok" });
  });

  test("by LOGIN where PLAIN is not offered, its arguments quoted", async () => {
    const login = String.raw`C: % LOGIN "mario" "a\"b\\c d"`;
    expect(
      await logsIn([greeting("ID"), ID, login, "S: %% OK", "S: % OK"], withPassword('a"b\\c d')),
    ).toMatchObject({
      kind: "ok",
    });
  });

  test.each([
    ["LITERAL+", ["C: gr\xfcn"]],
    ["LITERAL-", ["C: gr\xfcn"]],
    ["IDLE", ["S: + go on", "C: gr\xfcn"]],
  ])("sends what cannot be quoted as the server that offers %s takes a literal", async (offer, rest) => {
    const mark = offer === "IDLE" ? "{4}" : "{4+}";
    const script = [greeting(offer), `C: % LOGIN "mario" ${mark}`, ...rest, "S: % OK"];
    expect(await logsIn(script, withPassword("gr\xfcn"))).toMatchObject({ kind: "ok" });
  });

  test("sends nothing more to a server that refuses before it has asked for the literal", async () => {
    const script = [greeting("IDLE"), 'C: % LOGIN "mario" {4}', "S: % NO no"];
    expect(await logsIn(script, withPassword("gr\xfcn"))).toEqual({ kind: "refused", code: null });
  });

  test.each([
    ["AUTH=PLAIN", "C: % AUTHENTICATE PLAIN"],
    ["IDLE", 'C: % LOGIN "mario" {4}'],
  ])("that is let in before the password was sent (%s) is none", async (offer, question) => {
    const opened = await open([greeting(offer), question, "S: % OK in"]);
    await expect(opened.logIn(withPassword("gr\xfcn"))).rejects.toMatchObject({ kind: "target-protocol" });
  });

  test("that was refused already tells the password to nobody who asks for it still", async () => {
    const opened = await open([
      greeting("ID", "AUTH=PLAIN"),
      ID,
      "C: % AUTHENTICATE PLAIN",
      "S: % NO no\r\n+ ",
      "C: more",
    ]);
    await expect(opened.logIn(MARIO)).rejects.toMatchObject({ kind: "target-protocol" });
    await waitFor(() => server.heard.length === 3, "what the server hears last");
    expect(server.heard.at(-1)).toBeNull();
  });

  test("of a master goes by authorization identity, which LOGIN has no place for", async () => {
    const password = () => new Secret(Buffer.from("secret"));
    const names = { user: Buffer.from("mario"), master: Buffer.from("boss") };
    const authzid = `C: % AUTHENTICATE PLAIN ${Buffer.from("mario\0boss\0secret").toString("base64")}`;
    const how = { kind: "authzid", ...names, password: password() } as const;
    expect(await logsIn([WITH_PLAIN, authzid, "S: % OK"], how)).toMatchObject({ kind: "ok" });
    const both = ['C: % LOGIN "mario*boss" "secret"', "S: % OK"];
    const separator = { kind: "separator", separator: "*", ...names, password: password() } as const;
    expect(await logsIn([greeting("IDLE"), ...both], separator)).toMatchObject({ kind: "ok" });
    const opened = await open([greeting("IDLE")]);
    await expect(opened.logIn({ ...how, password: password() })).rejects.toThrow(/form: separator/);
  });

  test("with a NUL in it is refused without being sent", async () => {
    expect(await logsIn([WITH_PLAIN], withPassword("a\0b"))).toEqual({ kind: "refused", code: null });
  });

  test("is not tried in clear where the server wants TLS", async () => {
    const opened = await open([greeting("LOGINDISABLED")]);
    await expect(opened.logIn(MARIO)).rejects.toThrow(/wants TLS/);
    expect(server.heard).toEqual([]);
  });

  test("leaves what the server says behind its answer to whoever goes on", async () => {
    const opened = await open([WITH_PLAIN, PLAIN, "S: % OK in\r\n* OK motd"]);
    await opened.logIn(MARIO);
    const { socket, leftover } = opened.detach();
    expect(leftover.toString()).toBe("* OK motd\r\n");
    socket.destroy();
  });
});

describe("for whom we come", () => {
  const withId = greeting("ID", "SASL-IR", "AUTH=PLAIN");

  test.each([
    ["answers in order", ['S: * ID ("name" "x")', "S: %% OK", "S: % OK"]],
    ["refuses to hear it", ["S: %% BAD what?", "S: % OK"]],
    ["answers it last", ["S: % OK", "S: %% OK"]],
  ])("is told in the packet of the login, and a server that %s is logged in to", async (_what, answers) => {
    const opened = await open([withId, ID, PLAIN, ...answers]);
    expect(await opened.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(server.heard).toEqual(server.expected);
    const { socket, leftover } = opened.detach();
    expect(leftover.toString()).toBe("");
    socket.destroy();
  });

  test("is not told where the configuration does not want it, but the way of the login is", async () => {
    const id = 'C: % ID ("x-session-id" "abc" "x-proxy-ttl" "4")';
    const opened = await open([withId, id, PLAIN, "S: %% OK", "S: % OK"], { clientAddress: "none" });
    expect(await opened.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(server.heard).toEqual(server.expected);
  });
});

describe("before the login", () => {
  test("a server that does not say what it offers is asked", async () => {
    const script = [
      "S: * OK ready",
      "C: % CAPABILITY",
      "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR",
      "S: % OK",
    ];
    expect(await logsIn([...script, PLAIN, "S: % OK"])).toMatchObject({ kind: "ok" });
    expect([...(target?.offers ?? [])]).toEqual(["IMAP4REV1", "AUTH=PLAIN", "SASL-IR"]);
  });

  test.each([
    ["S: * BYE Too many connections", "target-limit", /turned the connection away/],
    ["S: * PREAUTH welcome", "target-protocol", /instead of OK/],
    ["S: * OK mail.test imbarco ready (ours)", "target-protocol", /round in circles/],
    ["S: +OK ready", "target-protocol", /does not speak IMAP/],
    ["S: 220 ready", "target-protocol", /no response/],
    ["END", "target-unreachable", /closed the connection without a greeting/],
  ])("a greeting %j is a failure", async (words, kind, message) => {
    const opening = open([words]);
    await expect(opening).rejects.toMatchObject({ kind });
    await expect(opening).rejects.toThrow(message);
  });

  test("a server that does not say what it offers when it is asked has as long as for its greeting, not as for a command", async () => {
    const { port } = await scripts.serve(["S: * OK welcome", "C: % CAPABILITY"]);
    const endpoint = { host: "127.0.0.1", port, tls: "none", ca: null, verify: true } as const;
    const limits = { greetingLimitMs: 30 };
    await expect(openImapTarget({ log: silentLog() }, endpoint, ORIGIN, { limits })).rejects.toThrow(
      /has not answered within 0\.03 s \(the answer to CAPABILITY\)/,
    );
  });

  test("STARTTLS comes first, and what was said before it is forgotten", async () => {
    const clear = [greeting("AUTH=PLAIN", "SASL-IR", "FORGED"), "C: % STARTTLS", "S: % OK", "TLS"];
    const inside = ["C: % CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", "S: % OK"];
    const opened = await open([...clear, ...inside, PLAIN, "S: % OK"], { tls: "starttls" });
    expect(await opened.logIn(MARIO)).toMatchObject({ kind: "ok" });
    expect(server.heard).toEqual(server.expected);
    expect([...opened.offers]).not.toContain("FORGED");
  });

  test("octets behind the OK to STARTTLS end the connection", async () => {
    const script = ["S: * OK ready", "C: % STARTTLS", "S: % OK\r\n* OK more"];
    await expect(open(script, { tls: "starttls" })).rejects.toThrow(/octets in clear behind/);
  });

  test("an attempt that is no longer wanted ends with its reason, whatever is being waited for", async () => {
    const greeted = new AbortController();
    const opening = open([], {}, greeted.signal);
    greeted.abort(new Error("shutting down"));
    await expect(opening).rejects.toThrow("shutting down");
    const asked = new AbortController();
    const opened = await open([WITH_PLAIN, PLAIN, "C: nothing more"], {}, asked.signal);
    const login = opened.logIn(MARIO);
    asked.abort(new Error("gone"));
    await expect(login).rejects.toThrow("gone");
  });
});

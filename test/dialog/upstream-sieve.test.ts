import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { LoginHow } from "../../src/upstream/login-how.ts";
import { askSieveOffers, openSieveTarget, type SieveTarget } from "../../src/upstream/sieve/open.ts";
import { makeCertificates } from "../kit/certs.ts";
import { ScriptPeer, type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: null };
const secret = (text: string) => new Secret(Buffer.from(text));
const MARIO: LoginHow = { kind: "password", user: Buffer.from("mario"), password: secret("secret") };
const GREETING = ['S: "IMPLEMENTATION" "x"', 'S: "SIEVE" "fileinto"', 'S: "SASL" "PLAIN"', "S: OK"];
const PLAIN = 'C: AUTHENTICATE "PLAIN" "AG1hcmlvAHNlY3JldA=="';
const LIMITS = { greetingLimitMs: 2_000, loginLimitMs: 2_000 };

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

/** A server that follows lines: `C:` is what it must hear, `S:` what it says, `S|` the same without a line end, `TLS` begins TLS, `WAIT n` does nothing for so many milliseconds, `END` closes. */
async function endpointOf(script: readonly string[], change: Partial<Endpoint> = {}): Promise<Endpoint> {
  server = await startScriptServer(async (first) => {
    let peer = first;
    for (const line of script) {
      if (line.startsWith("S: ")) peer.send(line.slice(3));
      else if (line.startsWith("S| ")) peer.sendRaw(line.slice(3));
      else if (line === "END") peer.end();
      else if (line.startsWith("WAIT ")) await sleep(Number(line.slice(5)));
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
  return { host: "127.0.0.1", port: server.port, tls: "none", ca, verify: true, ...change };
}

async function open(script: readonly string[], change: Partial<Endpoint> = {}): Promise<SieveTarget> {
  const endpoint = await endpointOf(script, change);
  return openSieveTarget({ log: silentLog() }, endpoint, ORIGIN, { limits: LIMITS });
}

describe("a login", () => {
  test.each([
    ["S: OK", "ok"],
    ['S: ok "welcome"', "ok"],
    ["S: OK {7}\r\nwel\r\nco", "ok"],
    ['S: OK (SASL "eA==") "welcome"', "ok"],
    ["S: NO", "refused"],
    ['S: NO "Authentication failed."', "refused"],
    ["S: NO {3}\r\nno!", "refused"],
  ])("that is answered by %j is %s", async (answer, kind) => {
    const target = await open([...GREETING, PLAIN, answer]);
    expect(await target.logIn(MARIO)).toMatchObject({ kind });
    expect(heard).toEqual(expected);
    target.close();
  });

  test.each([
    ['S: NO (TRYLATER) "Temporary authentication failure."', "target-unreachable"],
    ['S: NO "Temporary authentication failure."', "target-unreachable"],
    ['S: BYE "Shutting down"', "target-unreachable"],
    ['S: BYE (TRYLATER) "Too many connections"', "target-limit"],
    ['S: NO (ENCRYPT-NEEDED) "TLS first"', "target-protocol"],
    ['S: NO (AUTH-TOO-WEAK) "not so"', "target-protocol"],
    ['S: NO (TRANSITION-NEEDED) "not so"', "target-protocol"],
    ['S: NO (REFERRAL "sieve://evil.example") "go there"', "target-protocol"],
    ['S: ""', "target-protocol"],
    ["S: * OK", "target-protocol"],
    ["S: OK {100000}", "target-protocol"],
    [`S| ${"x".repeat(10_000)}`, "target-protocol"],
  ])("that is answered by %j says nothing about the password", async (answer, kind) => {
    const target = await open([...GREETING, PLAIN, answer]);
    await expect(target.logIn(MARIO)).rejects.toMatchObject({ kind });
    expect(() => target.detach()).toThrow(/the target 127\.0\.0\.1/);
  });

  test("by a master names the user in its own way", async () => {
    const master = { master: Buffer.from("boss"), password: secret("pw") };
    const user = Buffer.from("mario");
    for (const [how, message] of [
      [{ kind: "authzid", user, ...master }, "mario\0boss\0pw"],
      [{ kind: "separator", user, separator: "*", ...master }, "\0mario*boss\0pw"],
    ] as const) {
      const line = `C: AUTHENTICATE "PLAIN" "${Buffer.from(message).toString("base64")}"`;
      const target = await open([...GREETING, line, "S: OK"]);
      expect(await target.logIn(how)).toMatchObject({ kind: "ok" });
      target.close();
      await server?.close();
    }
  });

  test("with a long password travels as a literal, one with a NUL not at all", async () => {
    const long = "p".repeat(1_000);
    const message = Buffer.from(`\0mario\0${long}`).toString("base64");
    const lines = [`C: AUTHENTICATE "PLAIN" {${message.length}+}`, `C: ${message}`];
    const target = await open([...GREETING, ...lines, "S: OK"]);
    expect(await target.logIn({ ...MARIO, password: secret("a\0b") })).toMatchObject({ kind: "refused" });
    expect(await target.logIn({ ...MARIO, password: secret(long) })).toMatchObject({ kind: "ok" });
    expect(heard).toEqual(expected);
    target.close();
  });

  test("is not tried where PLAIN is not offered", async () => {
    const target = await open(['S: "SASL" ""', 'S: "STARTTLS"', "S: OK"]);
    await expect(target.logIn(MARIO)).rejects.toMatchObject({
      kind: "target-protocol",
      message: expect.stringContaining("set target.sieve.tls to starttls"),
    });
  });

  test("leaves what the server says behind its OK to the client", async () => {
    const target = await open([...GREETING, PLAIN, 'S| OK {2}\r\nhi\r\n"SIEVE" "x"\r\n']);
    await target.logIn(MARIO);
    const { socket, leftover } = target.detach();
    const seen = leftover.toString() + (socket.read()?.toString() ?? "");
    expect(seen).toBe('"SIEVE" "x"\r\n');
    socket.destroy();
  });
});

describe("a server", () => {
  const XCLIENT = "C: XCLIENT ADDR=192.0.2.1 PORT=50000 SESSION=abc TTL=4";

  test.each(["S: OK", 'S: NO "You are not from trusted IP"'])(
    "that offers XCLIENT is told of the client, and may answer %j",
    async (answer) => {
      const target = await open([
        'S: "XCLIENT"',
        'S: "SASL" "LOGIN plain"',
        "S: OK",
        XCLIENT,
        answer,
        PLAIN,
        "S: OK",
      ]);
      expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
      target.close();
    },
  );

  test.each([
    ["is reminded until it answers", "implicit", 'S: "IMPLEMENTATION" "Dovecot Pigeonhole"', 2],
    ["is not reminded after STARTTLS", "starttls", 'S: "IMPLEMENTATION" "Dovecot Pigeonhole"', 0],
    ["is not reminded when it is of another make", "implicit", 'S: "IMPLEMENTATION" "x"', 0],
  ] as const)("that has not heard the login %s, with TLS %s", async (_what, tls, make, noops) => {
    const reminders = Array.from({ length: noops }, () => "C: NOOP");
    const answers = Array.from({ length: noops }, () => 'S: OK "NOOP completed"');
    const greeting = [make, 'S: "SASL" "PLAIN"', "S: OK"];
    const target = await open(
      [
        ...(tls === "starttls" ? [...greeting, "C: STARTTLS", "S: OK"] : []),
        "TLS",
        ...greeting,
        PLAIN,
        ...reminders,
        // Longer than it takes to be reminded.
        ...(noops === 0 ? ["WAIT 150"] : []),
        "S: OK",
        ...answers,
        "C: LISTSCRIPTS",
      ],
      { tls },
    );
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    const { socket, leftover } = target.detach();
    expect(leftover.length + socket.readableLength).toBe(0);
    socket.write("LISTSCRIPTS\r\n");
    await expect.poll(() => heard.at(-1)).toBe("LISTSCRIPTS");
    expect(heard).toEqual(expected);
    socket.destroy();
  });

  test("is not told where the configuration says so", async () => {
    const target = await open(['S: "XCLIENT"', 'S: "SASL" "PLAIN"', "S: OK", PLAIN, "S: OK"], {
      clientAddress: "none",
    });
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    target.close();
  });

  test("is used inside TLS, and nothing that it said before is believed", async () => {
    const target = await open(
      [
        'S: "FORGED"',
        'S: "XCLIENT"',
        "S: OK",
        "C: STARTTLS",
        "S: OK",
        "TLS",
        ...GREETING,
        PLAIN,
        "S: OK",
        "C: LOGOUT",
      ],
      { tls: "starttls" },
    );
    expect(target.offers).toEqual(['"IMPLEMENTATION" "x"', '"SIEVE" "fileinto"', '"SASL" "PLAIN"']);
    expect(await target.logIn(MARIO)).toMatchObject({ kind: "ok" });
    target.leave();
    await expect.poll(() => heard).toEqual(["STARTTLS", PLAIN.slice(3), "LOGOUT"]);
  });

  test.each([
    ["refuses STARTTLS", ["S: NO"], "target-protocol"],
    ["answers STARTTLS by a capability", ['S: "SASL" "PLAIN"', "S: OK"], "target-protocol"],
    ["says goodbye", ["S: BYE"], "target-unreachable"],
    ["says more behind its OK", ['S| OK\r\n"SASL" "PLAIN"\r\nOK\r\n'], "target-protocol"],
    ["goes on in clear behind its OK", ["S: OK", ...GREETING], "target-protocol"],
    ["ends", ["END"], "target-unreachable"],
  ])("that %s is left without a password", async (_what, after, kind) => {
    const opening = open([...GREETING, "C: STARTTLS", ...after], { tls: "starttls" });
    await expect(opening).rejects.toMatchObject({ kind });
    expect(heard).toEqual(["STARTTLS"]);
  });

  test.each([
    ["BYE", ['S: BYE "go away"'], "target-unreachable"],
    ["NO", ["S: NO"], "target-protocol"],
    ["too many connections", ['S: BYE (TRYLATER) "Too many connections"'], "target-limit"],
    ["another protocol", ["S: * OK [CAPABILITY IMAP4rev1] ready"], "target-protocol"],
    ["an imbarco", ['S: "SASL" "PLAIN"', 'S: OK "mail.test imbarco ready"'], "target-protocol"],
    [
      "capabilities without end",
      Array.from({ length: 200 }, (_, at) => `S: "X${at}" "y"`),
      "target-protocol",
    ],
    ["an endless line", [`S| "SIEVE" "${"x".repeat(10_000)}`], "target-protocol"],
    ["no word", ["END"], "target-unreachable"],
  ])("that greets with %s is left", async (_what, script, kind) => {
    for (const tls of ["none", "starttls"] as const) {
      await expect(open(script, { tls })).rejects.toMatchObject({ kind });
      await server?.close();
    }
    expect(heard).toEqual([]);
  });

  test("is asked for its capabilities, which become lines of quoted strings however they came", async () => {
    const endpoint = await endpointOf([
      'S: "SIEVE" {12}\r\nfileinto "a"',
      'S: {7}\r\nVERSION "1.0"',
      'S: "version" "2.0"',
      'S: "STARTTLS"',
      'S: "BAD NAME" "x"',
      'S: "LINES" {3}\r\na\r\n',
      "S: OK",
      "C: LOGOUT",
    ]);
    expect(await askSieveOffers({ log: silentLog() }, endpoint, { limits: LIMITS })).toEqual([
      '"SIEVE" "fileinto \\"a\\""',
      '"VERSION" "1.0"',
      '"STARTTLS"',
    ]);
    await expect.poll(() => heard).toEqual(["LOGOUT"]);
  });

  test("that takes a PROXY header for a command is no target, although it has greeted", async () => {
    const endpoint = await endpointOf(["S: OK", "C: a line of the header", 'S: NO "what?"'], {
      clientAddress: "proxy",
    });
    const asked = askSieveOffers({ log: silentLog() }, endpoint, { limits: LIMITS });
    // What it says to the header, or that it hangs up.
    await expect(asked).rejects.toThrow("the target");
  });
});

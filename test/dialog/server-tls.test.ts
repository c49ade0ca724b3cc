import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import type { ProtocolName } from "../../src/model/protocol.ts";
import { openServerTls, type ServerCertificates, type ServerTls } from "../../src/net/server-tls.ts";
import { acceptTls } from "../../src/net/starttls.ts";
import { type Certificates, makeCertificates, makeWeakCertificate } from "../kit/certs.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const run = promisify(execFile);
const GREETING = "* OK ready\r\n";
const clock = { time: Date.now(), now: () => clock.time };

let folder: string;
let standard: Certificates;
let named: Certificates;

beforeAll(async () => {
  folder = await makeTempFolder("tls");
  standard = await makeCertificates(folder, "DNS:standard.test");
  named = await makeCertificates(await makeTempFolder("tls-named"), "DNS:mail.named.test,DNS:*.wild.test");
});

afterAll(async () => {
  await removeTempFolder(folder);
  await removeTempFolder(join(named.certFile, ".."));
});

async function pairOf({ certFile, keyFile }: Certificates) {
  return { certFile, cert: await readFile(certFile, "utf8"), key: new Secret(await readFile(keyFile)) };
}

async function certificates(): Promise<ServerCertificates> {
  const names = ["mail.named.test", "*.wild.test"];
  return { ...(await pairOf(standard)), sni: [{ names, ...(await pairOf(named)) }] };
}

async function serverTls(secret = 3): Promise<ServerTls> {
  return openServerTls({ ticketSecret: new Secret(Buffer.alloc(32, secret)), clock }, await certificates());
}

interface Door {
  readonly port: number;
  /** What handshakes failed of. */
  readonly failures: string[];
}

/** A port that speaks TLS from the first octet, greets, and echoes. */
async function open(shown: ServerTls, protocol: ProtocolName = "imap"): Promise<Door> {
  const failures: string[] = [];
  const sockets: net.Socket[] = [];
  const greet = async (socket: net.Socket) => {
    sockets.push(socket);
    try {
      const secured = await acceptTls(socket, shown, protocol, { handshakeLimitMs: 10_000 });
      secured.on("error", (error) => failures.push(error.message));
      secured.write(GREETING);
      secured.pipe(secured);
    } catch (error) {
      failures.push((error as Error).message);
    }
  };
  const server = net.createServer((socket) => void greet(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, failures };
}

interface Client {
  /** The newest ticket it has been given. */
  ticket: Buffer | undefined;
}

/** One connection up to the greeting, with the client's newest ticket; fails as the handshake does. */
async function visit(door: Door, client: Client, options: tls.ConnectionOptions = {}) {
  const socket = tls.connect({
    port: door.port,
    host: "127.0.0.1",
    servername: "standard.test",
    ca: [standard.ca, named.ca],
    ALPNProtocols: ["imap"],
    ...(client.ticket ? { session: client.ticket } : {}),
    ...options,
  });
  const tickets: Buffer[] = [];
  socket.on("session", (ticket) => tickets.push(ticket));
  const heard: string = await new Promise((resolve, reject) => {
    socket.once("data", (octets) => resolve(octets.toString()));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
  });
  expect(heard).toBe(GREETING);
  // Tickets come with or before the greeting; what is sent now comes back behind them.
  socket.write("x");
  await once(socket, "data");
  // In TLS 1.2 a ticket belongs to the session and is given to whoever asks for that.
  client.ticket = socket.getProtocol() === "TLSv1.2" ? socket.getSession() : tickets.at(-1);
  const seen = {
    resumed: socket.isSessionReused(),
    names: socket.getPeerX509Certificate()?.subjectAltName,
    alpn: socket.alpnProtocol,
    version: socket.getProtocol(),
    cipher: socket.getCipher().name,
  };
  socket.destroy();
  return seen;
}

test.each(["TLSv1.3", "TLSv1.2"] as const)(
  "a %s client that uses each ticket once resumes every time, at any process of the installation",
  async (maxVersion) => {
    const doors = [await open(await serverTls()), await open(await serverTls())] as const;
    const client: Client = { ticket: undefined };
    expect((await visit(doors[0], client, { maxVersion })).resumed).toBe(false);
    for (let at = 0; at < 20; at++) {
      const seen = await visit(doors[at % 2] as Door, client, { maxVersion });
      expect(seen).toMatchObject({ resumed: true, version: maxVersion });
    }
  },
);

test("a client that asks for a name resumes too", async () => {
  const door = await open(await serverTls());
  const client: Client = { ticket: undefined };
  const servername = "mail.named.test";
  expect(await visit(door, client, { servername })).toMatchObject({ resumed: false });
  for (let at = 0; at < 3; at++)
    expect(await visit(door, client, { servername })).toMatchObject({ resumed: true });
});

test.each(["TLSv1.3", "TLSv1.2"] as const)(
  "a %s ticket of one service is nothing to another",
  async (maxVersion) => {
    const shown = await serverTls();
    const imap = await open(shown);
    const pop3 = await open(shown, "pop3");
    const client: Client = { ticket: undefined };
    await visit(imap, client, { maxVersion });
    const seen = await visit(pop3, client, { maxVersion, ALPNProtocols: ["pop3"] });
    expect(seen).toMatchObject({ resumed: false, alpn: "pop3" });
  },
);

test("a ticket of another installation, or of the day before yesterday, gives a full handshake", async () => {
  const client: Client = { ticket: undefined };
  const door = await open(await serverTls());
  await visit(await open(await serverTls(4)), client);
  expect(await visit(door, client)).toMatchObject({ resumed: false });
  clock.time += 2 * 86_400_000;
  expect(await visit(door, client)).toMatchObject({ resumed: false });
  expect(await visit(door, client)).toMatchObject({ resumed: true });
});

test("the certificate is chosen by the name that the client asks for", async () => {
  const door = await open(await serverTls());
  const namesFor = async (servername?: string) =>
    (
      await visit(
        door,
        { ticket: undefined },
        { servername: servername ?? "", checkServerIdentity: () => undefined },
      )
    ).names;
  const NAMED = "DNS:mail.named.test, DNS:*.wild.test";
  const STANDARD = "DNS:standard.test";
  expect(await namesFor("mail.named.test")).toBe(NAMED);
  expect(await namesFor("MAIL.Named.Test")).toBe(NAMED);
  expect(await namesFor("pop.wild.test")).toBe(NAMED);
  expect(await namesFor("a.pop.wild.test")).toBe(STANDARD);
  expect(await namesFor("other.test")).toBe(STANDARD);
  expect(await namesFor()).toBe(STANDARD);
});

test("new certificates count from the next handshake on, and a session under way never notices", async () => {
  const shown = await serverTls();
  const door = await open(shown);
  const socket = tls.connect({
    port: door.port,
    host: "127.0.0.1",
    servername: "standard.test",
    ca: standard.ca,
  });
  await once(socket, "data");
  shown.replace({ ...(await pairOf(named)), sni: [] });
  const options = { checkServerIdentity: () => undefined };
  for (const servername of ["standard.test", "mail.named.test"])
    expect((await visit(door, { ticket: undefined }, { servername, ...options })).names).toContain(
      "mail.named.test",
    );
  socket.write("still here");
  expect((await once(socket, "data"))[0].toString()).toBe("still here");
  socket.destroy();
});

test("a certificate that cannot be used is refused by the name of its file, and the former ones stay", async () => {
  const shown = await serverTls();
  const weak = await pairOf(await makeWeakCertificate(folder));
  const good = await certificates();
  for (const faulty of [
    { ...weak, sni: [] },
    { ...good, sni: [{ names: ["x.test"], ...weak }] },
  ])
    expect(() => shown.replace(faulty)).toThrow(/weak\.pem cannot be used: .*key too small/);
  const door = await open(shown);
  expect(await visit(door, { ticket: undefined })).toMatchObject({ names: "DNS:standard.test" });
});

test("a client that wants another protocol is turned away, one that says nothing is not", async () => {
  const door = await open(await serverTls());
  for (const ALPNProtocols of [["http/1.1"], ["pop3", "h2"], ["smtp"]])
    await expect(visit(door, { ticket: undefined }, { ALPNProtocols })).rejects.toThrow(
      /no application protocol/,
    );
  expect((await visit(door, { ticket: undefined }, { ALPNProtocols: ["h2", "imap"] })).alpn).toBe("imap");
  const silent = tls.connect({
    port: door.port,
    host: "127.0.0.1",
    servername: "standard.test",
    ca: standard.ca,
  });
  await once(silent, "data");
  expect(silent.alpnProtocol).toBe(false);
  silent.destroy();
});

test("each protocol has its registered name, and submission the ones that clients use without", async () => {
  const shown = await serverTls();
  const names = { imap: "imap", pop3: "pop3", sieve: "managesieve", submission: "smtp" } as const;
  for (const protocol of ["imap", "pop3", "sieve", "submission"] as const) {
    const door = await open(shown, protocol);
    const seen = await visit(door, { ticket: undefined }, { ALPNProtocols: [names[protocol]] });
    expect(seen.alpn).toBe(names[protocol]);
  }
});

/** What `openssl s_client`, which is none of ours, sees; `input` is typed at its keyboard. */
async function sClient(door: Door, options: string, input = ""): Promise<string> {
  const words = `s_client -connect 127.0.0.1:${door.port} -servername standard.test ${options}`.split(" ");
  const child = run("openssl", words, { timeout: 20_000 });
  child.child.stdin?.on("error", () => undefined);
  child.child.stdin?.end(input);
  const { stdout, stderr } = await child.catch((error: { stdout: string; stderr: string }) => error);
  return `${stdout}${stderr}`;
}

test("openssl finds TLS 1.2 and 1.3 with forward secrecy, and nothing older or weaker", async () => {
  const door = await open(await serverTls());
  expect(await sClient(door, "-tls1_3")).toMatch(/New, TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/);
  expect(await sClient(door, "-tls1_2")).toMatch(/New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/);
  for (const old of ["-tls1_1 -cipher ALL:@SECLEVEL=0", "-tls1 -cipher ALL:@SECLEVEL=0"])
    expect(await sClient(door, old)).toMatch(/Cipher is \(NONE\)/);
  for (const cipher of ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"])
    expect(await sClient(door, `-tls1_2 -cipher ${cipher}`)).toMatch(/Cipher is \(NONE\)/);
});

test("the server's order of ciphers counts, except for a client that puts ChaCha20 first", async () => {
  const door = await open(await serverTls());
  const choice = async (ciphers: string) =>
    /Cipher is (\S+)/.exec(await sClient(door, `-tls1_2 -cipher ${ciphers}`))?.[1];
  expect(await choice("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")).toBe(
    "ECDHE-ECDSA-AES128-GCM-SHA256",
  );
  expect(await choice("ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256")).toBe(
    "ECDHE-ECDSA-CHACHA20-POLY1305",
  );
});

test("openssl cannot renegotiate inside a session", async () => {
  const door = await open(await serverTls());
  // R at the beginning of a line asks for a new handshake.
  expect(await sClient(door, "-tls1_2 -legacy_renegotiation", "R\n")).toMatch(
    /RENEGOTIATING[\s\S]*(no renegotiation|handshake failure)/,
  );
});

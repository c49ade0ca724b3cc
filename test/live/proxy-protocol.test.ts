import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { proxyHeader } from "../../src/wire/proxy-protocol.ts";
import { CANARY } from "../kit/canary.ts";
import { freePort } from "../kit/free-port.ts";
import { startHeaderRelay } from "../kit/header-relay.ts";
import { expectOk, ImapClient, type ImapPlace } from "../kit/imap-client.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `proxy-${CANARY}`;
const USER = `paula@${DOMAIN}`;
const SERVER = { address: "198.51.100.1", port: 143 };
const V1 = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 143\r\n";
const V2_SIX = proxyHeader({ address: "2001:db8::77", port: 4712 }, SERVER);

/** Doors that ask balancers on 127.0.0.1 for their header, and serve clients on 127.0.0.2 as they are. */
interface Doors {
  readonly starttls: number;
  readonly implicit: number;
  readonly clear: number;
}

async function addDoors(platform: Platform): Promise<Doors> {
  const { imbarco } = platform;
  const doors = { starttls: await freePort(), implicit: await freePort(), clear: await freePort() };
  const config = parse(await readFile(imbarco.configFile, "utf8")) as { listeners: object[] };
  const door = (port: number, tls: string) => ({
    protocol: "imap",
    listen: `127.0.0.1:${port}`,
    tls,
    plaintextLogin: "loopback",
    proxyProtocol: ["127.0.0.1", "2001:db8::/32"],
  });
  config.listeners.push(
    door(doors.starttls, "starttls"),
    door(doors.implicit, "implicit"),
    door(doors.clear, "none"),
  );
  await writeFile(imbarco.configFile, stringify(config));
  await imbarco.restart();
  return doors;
}

describe("behind a load balancer that sends PROXY headers", () => {
  let platform: Platform;
  let doors: Doors;

  beforeAll(async () => {
    platform = await startPlatform({
      users: { paula: PASSWORD },
      target: { config: "login_trusted_networks = 127.0.0.0/8" },
    });
    doors = await addDoors(platform);
  });

  afterAll(() => platform?.stop());

  const place = (port: number, tls: ImapPlace["tls"]): ImapPlace => ({
    ...platform.imbarco.place(),
    port,
    tls,
  });

  /** Through a balancer, up to the login; gives what the log says of it. */
  async function logInThrough(header: Buffer | string, port: number, tls: ImapPlace["tls"]) {
    const seen = platform.imbarco.logLines().length;
    const relay = await startHeaderRelay({ port, header });
    try {
      const client = await ImapClient.connect(place(relay.port, tls));
      expectOk(await client.logIn(USER, PASSWORD), "the login");
      expectOk(await client.command("NOOP"), "NOOP");
      client.close();
      return await waitFor(
        () =>
          platform.imbarco
            .logLines()
            .slice(seen)
            .find(({ event }) => event === "login.ok"),
        "the login in the log",
      );
    } finally {
      await relay.stop();
    }
  }

  it("the client is who the header says, in every protection and both versions", async () => {
    expect(await logInThrough(V1, doors.starttls, "starttls")).toMatchObject({
      client: "203.0.113.9",
      via: "127.0.0.1",
    });
    expect(await logInThrough(V2_SIX, doors.starttls, "starttls")).toMatchObject({ client: "2001:db8::77" });
    expect(await logInThrough(V1, doors.implicit, "implicit")).toMatchObject({ client: "203.0.113.9" });
    expect(await logInThrough(V2_SIX, doors.implicit, "implicit")).toMatchObject({ client: "2001:db8::77" });
    const log = await waitFor(async () => {
      const text = await platform.target.log();
      return text.includes("rip=203.0.113.9") && text.includes("rip=2001:db8::77") ? text : null;
    }, "the addresses in the target's log");
    expect(log).toContain("203.0.113.9");
    const opened = platform.imbarco.logLines().filter(({ event, via }) => event === "session.open" && via);
    expect(opened[0]).toMatchObject({ client: { address: "203.0.113.9", port: 4711 }, via: "127.0.0.1" });
  });

  it("exactly the header is taken: what comes in the same packet is the client's, TLS or not", async () => {
    const socket = connect(doors.starttls, "127.0.0.1");
    socket.write(`${V1}a NOOP\r\nb LOGOUT\r\n`);
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await once(socket, "end");
    expect(said).toMatch(/^\* OK .*\r\na OK .*\r\n\* BYE .*\r\nb OK /);
  });

  it("curl gets in, with the header that it sends itself", async () => {
    const words = [
      "--silent",
      "--haproxy-protocol",
      "--cacert",
      platform.imbarco.caFile,
      "--request",
      "CAPABILITY",
    ];
    const { stdout } = await promisify(execFile)("curl", [...words, `imaps://127.0.0.1:${doors.implicit}/`]);
    expect(stdout).toContain("IMAP4rev1");
  });

  it("a header is required of those networks: without one, with a wrong one or half of one the connection ends unanswered and the log says why", async () => {
    const complaints = () =>
      platform.imbarco
        .logLines()
        .filter(({ event, msg }) => event === "listener.error" && /PROXY header/.test(msg))
        .map(({ causes }) => String((causes as string[])[0]));
    for (const [octets, why] of [
      [
        "a LOGIN x y\r\n",
        /127\.0\.0\.1 is one of proxyProtocol, and its connection has no sound PROXY header/,
      ],
      ["PROXY TCP4 1.2.3.4\r\n", /no sound PROXY header: its addresses or ports are none/],
      ["PROXY TCP4 203.0.113.9", /sent no whole PROXY header within 5 s/],
    ] as const) {
      const before = complaints().length;
      const socket = connect(doors.starttls, "127.0.0.1");
      socket.write(octets);
      let said = "";
      socket.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
      await once(socket, "close");
      expect(said).toBe("");
      await waitFor(() => complaints().length > before, "the complaint");
      expect(complaints().at(-1)).toMatch(why);
    }
  });

  it("a header from elsewhere is garbage and never believed", async () => {
    const relay = await startHeaderRelay({ port: doors.starttls, from: "127.0.0.2", header: V1 });
    const client = await ImapClient.connect(place(relay.port, "none"));
    expect(client.greeting.text).toMatch(/^\* OK/);
    expect((await client.readLine()).text).toMatch(/^(\*|PROXY) BAD/);
    client.close();
    await relay.stop();
    const direct = await startHeaderRelay({ port: doors.starttls, from: "127.0.0.2" });
    const other = await ImapClient.connect(place(direct.port, "starttls"));
    expectOk(await other.logIn(USER, PASSWORD), "a login without a header");
    other.close();
    await direct.stop();
  });

  it("a client behind a balancer on this machine is not on this machine: its password needs TLS", async () => {
    const answerTo = async (header?: string | Buffer) => {
      const from = header === undefined ? "127.0.0.2" : "127.0.0.1";
      const relay = await startHeaderRelay({ port: doors.clear, from, ...(header ? { header } : {}) });
      const client = await ImapClient.connect(place(relay.port, "none"));
      const { text } = await client.command(`LOGIN "${USER}" "${PASSWORD}"`);
      client.close();
      await relay.stop();
      return text;
    };
    expect(await answerTo(V1)).toContain("PRIVACYREQUIRED");
    expect(await answerTo("PROXY UNKNOWN\r\n")).toContain("PRIVACYREQUIRED");
    const endedTls = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" };
    // A balancer may say that it has ended the client's TLS; what lies between it and us is in clear all the same.
    expect(await answerTo(proxyHeader({ address: "203.0.113.9", port: 4711 }, SERVER, endedTls))).toContain(
      "PRIVACYREQUIRED",
    );
    expect(await answerTo("PROXY TCP4 127.0.0.1 127.0.0.1 4711 143\r\n")).toContain("CAPABILITY");
    expect(await answerTo()).toContain("CAPABILITY");
  });
});

import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint, TlsMode } from "../../src/model/endpoint.ts";
import { openIndependentReader } from "../../src/upstream/imap/reading/independent-reader.ts";
import { openPop3Target } from "../../src/upstream/pop3/open.ts";
import { openSieveTarget } from "../../src/upstream/sieve/open.ts";
import { openSmtpTarget } from "../../src/upstream/smtp/open.ts";
import { CANARY } from "../kit/canary.ts";
import { freePort } from "../kit/free-port.ts";
import { startHeaderRelay } from "../kit/header-relay.ts";
import { expectOk, ImapClient } from "../kit/imap-client.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `address-${CANARY}`;
const USER = `petra@${DOMAIN}`;
/** Where mail programs come from, as far as their load balancer tells. */
const CLIENT = "203.0.113.44";
const DOOR = { protocol: "imap", tls: "starttls", plaintextLogin: "always", proxyProtocol: ["127.0.0.1"] };

/** A target that takes nobody without a PROXY header on its second pair of ports. */
async function startWithHaproxy() {
  const ports = { starttls: await freePort(), implicit: await freePort(), door: await freePort() };
  const others = { pop3: await freePort(), submission: await freePort(), sieve: await freePort() };
  const service = (login: string, listener: string, port: number) =>
    `service ${login} {\n  inet_listener ${listener} {\n    port = ${port}\n    haproxy = yes\n  }\n}`;
  const platform = await startPlatform({
    users: { petra: PASSWORD, paul: PASSWORD },
    target: {
      pop3: true,
      sieve: true,
      submission: { relayPort: await freePort() },
      config: [
        service("pop3-login", "pop3_haproxy", others.pop3),
        service("submission-login", "submission_haproxy", others.submission),
        service("managesieve-login", "sieve_haproxy", others.sieve),
        "haproxy_trusted_networks = 127.0.0.0/8",
        "service imap-login {",
        `  inet_listener imap_haproxy {\n    port = ${ports.starttls}\n    haproxy = yes\n  }`,
        `  inet_listener imaps_haproxy {\n    port = ${ports.implicit}\n    ssl = yes\n    haproxy = yes\n  }`,
        "}",
      ].join("\n"),
    },
  });
  return { platform, ports, others };
}

describe("target.imap.clientAddress: proxy", () => {
  let platform: Platform;
  let ports: { starttls: number; implicit: number; door: number };
  let others: { pop3: number; submission: number; sieve: number };

  beforeAll(async () => {
    ({ platform, ports, others } = await startWithHaproxy());
    await fillMailbox(platform.source.endpoint(), USER, PASSWORD, {
      INBOX: [{ body: Buffer.from("Subject: one\r\n\r\none\r\n") }],
    });
  });

  afterAll(() => platform?.stop());

  async function leadTo(tls: TlsMode): Promise<void> {
    const { imbarco } = platform;
    const config = parse(await readFile(imbarco.configFile, "utf8")) as {
      target: { imap: object };
      listeners: { listen: string }[];
    };
    const port = tls === "implicit" ? ports.implicit : ports.starttls;
    config.target.imap = { ...config.target.imap, port, tls, clientAddress: "proxy" };
    const listen = `127.0.0.1:${ports.door}`;
    if (!config.listeners.some((door) => door.listen === listen))
      config.listeners.push(Object.assign({ listen }, DOOR));
    await writeFile(imbarco.configFile, stringify(config));
    await imbarco.restart();
  }

  const endpoint = (tls: TlsMode): Endpoint => ({
    ...platform.target.endpoint(tls),
    port: tls === "implicit" ? ports.implicit : ports.starttls,
    clientAddress: "proxy",
  });

  it.each([
    ["starttls", "petra"],
    ["implicit", "paul"],
  ] as const)("tells the target who comes before anything else is said, %s", async (tls, local) => {
    await leadTo(tls);
    const address = tls === "starttls" ? CLIENT : "2001:db8::44";
    const family = tls === "starttls" ? "TCP4" : "TCP6";
    const to = tls === "starttls" ? "198.51.100.1" : "2001:db8::1";
    const balancer = await startHeaderRelay({
      port: ports.door,
      header: `PROXY ${family} ${address} ${to} 4711 143\r\n`,
    });
    const client = await ImapClient.connect({
      ...platform.imbarco.place(),
      port: balancer.port,
      tls: "none",
    });
    expectOk(await client.logIn(`${local}@${DOMAIN}`, PASSWORD), "the login");
    client.close();
    await waitFor(
      async () =>
        (await platform.target.log()).includes(`user=<${local}@${DOMAIN}>, method=PLAIN, rip=${address}`),
      "the client's address in the target's log",
    );
    await platform.synced(local);
    await balancer.stop();
  });

  it("tells whether TLS protects the client, so that a target that takes no password in clear takes it, and its log shows that", async () => {
    await leadTo("none");
    const address = "203.0.113.45";
    const balancer = await startHeaderRelay({
      port: ports.door,
      header: `PROXY TCP4 ${address} 198.51.100.1 4711 143\r\n`,
    });
    const place = { ...platform.imbarco.place(), port: balancer.port };
    const client = await ImapClient.connect({ ...place, tls: "starttls" });
    expectOk(await client.logIn(USER, PASSWORD), "the login under TLS");
    expectOk(await client.command("NOOP"), "NOOP");
    client.close();
    await waitFor(
      async () => /rip=203\.0\.113\.45,.* (?:TLS|secured)\b/.test(await platform.target.log()),
      "the target to take the client for one under TLS",
    );
    const inClear = await ImapClient.connect({ ...place, tls: "none" });
    expect((await inClear.command(`LOGIN "${USER}" "${PASSWORD}"`)).text).toContain("UNAVAILABLE");
    inClear.close();
    await balancer.stop();
    const checked = async () => {
      const { stdout } = await platform.imbarco.cli(["check", "--json"]);
      const { findings } = JSON.parse(stdout) as { findings: { check: string; message: string }[] };
      return findings.find(({ check }) => check === "target")?.message;
    };
    expect(await checked()).toContain("takes no password from imbarco itself (LOGINDISABLED)");
    await leadTo("implicit");
    expect(await checked()).toContain("answers");
  });

  it.each([
    ["pop3", openPop3Target, "198.51.100.110"],
    ["submission", openSmtpTarget, "198.51.100.58"],
    ["sieve", openSieveTarget, "2001:db8::4190"],
  ] as const)("tells the target's other servers too: %s", async (protocol, open, address) => {
    const server: Endpoint = { ...endpoint("starttls"), port: others[protocol] };
    const origin = { address, port: 4711, session: "abc", hops: 4, hello: "laptop.example" };
    const session = await open({ log: silentLog() }, server, origin);
    const password = new Secret(Buffer.from(PASSWORD));
    const outcome = await session.logIn({ kind: "password", user: Buffer.from(USER), password });
    expect(outcome.kind).toBe("ok");
    session.leave();
    await waitFor(
      async () => (await platform.target.log()).includes(`rip=${address}`),
      "the client's address in the target's log",
    );
  });

  it("check, verify and its independent reader come by that door too, for themselves", async () => {
    const { findings } = await platform.imbarco.json<{ findings: { check: string; status: string }[] }>([
      "check",
    ]);
    expect(findings.find(({ check }) => check === "target")?.status).not.toBe("fail");
    expect(await platform.imbarco.json(["verify", USER])).toMatchObject({ equal: true });
    for (const tls of ["starttls", "implicit"] as const) {
      const password = new Secret(Buffer.from(PASSWORD));
      const how = { kind: "password", user: Buffer.from(USER), password } as const;
      const reader = await openIndependentReader("target", endpoint(tls), how);
      expect((await reader.folders()).map(({ name }) => name)).toContain("INBOX");
      await reader.close();
    }
  });
});

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { CANARY } from "../kit/canary.ts";
import { type HeaderRelay, startHeaderRelay } from "../kit/header-relay.ts";
import { ImapClient } from "../kit/imap-client.ts";
import { type ImbarcoProcess, startImbarco } from "../kit/imbarco.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";

const PASSWORD = `circle-${CANARY}`;
const USER = `carla@${DOMAIN}`;
/** Far below the time after which a mail program gives up. */
const SOON_MS = 20_000;

/** Leads an imbarco to another target, or a domain of it to another source. */
async function leadTo(imbarco: ImbarcoProcess, port: number): Promise<void> {
  const config = parse(await readFile(imbarco.configFile, "utf8")) as { target: { imap: object } };
  config.target.imap = { host: "127.0.0.1", port, tls: "starttls", verify: false };
  await writeFile(imbarco.configFile, stringify(config));
  await imbarco.restart();
}

async function answerTo(imbarco: ImbarcoProcess): Promise<{ text: string; ms: number }> {
  const began = performance.now();
  const client = await ImapClient.connect(imbarco.place());
  const { status, text } = await client.logIn(USER, PASSWORD);
  client.close();
  return { text: `${status} ${text}`, ms: performance.now() - began };
}

const complaintsOf = (imbarco: ImbarcoProcess) =>
  imbarco
    .logLines()
    .filter(({ event }) => event === "login.unavailable")
    .map(({ msg }) => msg);

/** The log may come a moment after the answer. */
async function complainsOf(imbarco: ImbarcoProcess, words: RegExp): Promise<void> {
  await waitFor(() => complaintsOf(imbarco).some((text) => words.test(text)), String(words), {
    limitMs: 10_000,
  });
}

describe("a target that leads back to imbarco", () => {
  let platform: Platform;
  let other: ImbarcoProcess | undefined;
  const relays: HeaderRelay[] = [];

  beforeAll(async () => {
    platform = await startPlatform({ users: { carla: PASSWORD } });
  });

  afterAll(async () => {
    for (const relay of relays) await relay.stop();
    await other?.stop();
    await platform?.stop();
  });

  const relayTo = async (port: number) => {
    const relay = await startHeaderRelay({ port });
    relays.push(relay);
    return relay;
  };

  it("that is the same imbarco behind another port is known by its greeting, and check says so", async () => {
    const { imbarco } = platform;
    const relay = await relayTo(imbarco.imapPort);
    await leadTo(imbarco, relay.port);
    const { text, ms } = await answerTo(imbarco);
    expect(text).toMatch(/^NO \[UNAVAILABLE\]/);
    expect(ms).toBeLessThan(SOON_MS);
    await complainsOf(imbarco, /the target 127\.0\.0\.1:\d+ is imbarco itself: logins would go round/);
    const { stdout, status } = await imbarco.cli(["check", "--json"]);
    expect(status).toBe(1);
    const { findings } = JSON.parse(stdout.slice(0, stdout.lastIndexOf("}") + 1)) as { findings: object[] };
    expect(JSON.stringify(findings)).toContain("is imbarco itself");
  });

  it("that is another imbarco, whose target is this one, is found by the count of hops", async () => {
    const { imbarco, source, target } = platform;
    other = await startImbarco({ target });
    const place = `127.0.0.1:${source.imapPort}`;
    await must(other, ["domain", "add", DOMAIN, "--source", place, "--source-ca", source.caFile]);
    await writeFile(join(other.folder, "accounts.csv"), `${USER}\n`);
    await must(other, ["users", "import", DOMAIN, join(other.folder, "accounts.csv")]);
    await must(other, ["domain", "enable", DOMAIN]);
    const [there, back] = [await relayTo(other.imapPort), await relayTo(imbarco.imapPort)];
    await leadTo(other, back.port);
    await leadTo(imbarco, there.port);
    const taken = there.taken + back.taken;
    const { text, ms } = await answerTo(imbarco);
    expect(text).toMatch(/^NO \[UNAVAILABLE\]/);
    expect(ms).toBeLessThan(SOON_MS);
    const second = other;
    await waitFor(
      () =>
        [imbarco, second].flatMap(complaintsOf).some((words) => words.includes("imbarco is led in circles")),
      "the complaint about circles",
    );
    // Five hops of this login, and what the copiers have tried meanwhile.
    expect(there.taken + back.taken - taken).toBeLessThan(60);
  });

  it("and a source that is imbarco itself, after its name was moved here, is never asked about a password", async () => {
    const { imbarco, target } = platform;
    await leadTo(imbarco, target.imapPort);
    await must(imbarco, ["domain", "set", DOMAIN, "--source", `127.0.0.1:${imbarco.imapPort}`]);
    const client = await ImapClient.connect(imbarco.place());
    const { text } = await client.logIn(USER, "another one");
    client.close();
    expect(text).toMatch(/UNAVAILABLE/);
    await complainsOf(imbarco, /the source 127\.0\.0\.1:\d+ is imbarco itself/);
  });
});

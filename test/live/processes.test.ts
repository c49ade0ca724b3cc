import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { SessionInfo } from "../../src/model/session-info.ts";
import { askServe } from "../../src/process/control-client.ts";
import { CANARY } from "../kit/canary.ts";
import { countsOf, mail, mails } from "../kit/coexistence.ts";
import { freePort } from "../kit/free-port.ts";
import { greets } from "../kit/greeting.ts";
import { expectOk, type ImapClient } from "../kit/imap-client.ts";
import type { LogLine } from "../kit/imbarco.ts";
import { knockInALoop } from "../kit/knocking.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { isAlive, processTree } from "../kit/processes.ts";
import { waitFor } from "../kit/wait-for.ts";

const ANNA = `anna@${DOMAIN}`;
const PASSWORD = `anna-${CANARY}`;

let platform: Platform;
const clients: ImapClient[] = [];

beforeAll(async () => {
  platform = await startPlatform({
    users: { anna: PASSWORD, bruno: `bruno-${CANARY}`, carla: `carla-${CANARY}` },
    // Long enough that a session only ends where a test ends it.
    // No pass comes by itself: the copier only hears of sessions.
    config: { processes: 2, drain: "5m", copy: { syncInterval: "1h" }, log: { level: "info" } },
  });
});

beforeEach(async () => {
  if (platform.imbarco.pid === undefined) await platform.imbarco.start();
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(() => platform?.stop());

async function logIn(user = "anna"): Promise<ImapClient> {
  const client = await platform.logIn(user);
  clients.push(client);
  return client;
}

function sessions(...who: string[]): Promise<SessionInfo[]> {
  return platform.imbarco.json<SessionInfo[]>(["sessions", "list", ...who]);
}

/** The newest session of anna, asked for without a command: that would take half a second each time. */
async function newest(): Promise<SessionInfo> {
  const dataDir = join(platform.imbarco.folder, "data");
  const question = { does: "list", filter: { account: ANNA } } as const;
  const told = await askServe(dataDir, question, AbortSignal.timeout(60_000));
  const [last] = told.sessions.toSorted((one, other) => other.openedAt.localeCompare(one.openedAt));
  if (last === undefined) throw new Error("anna has no session");
  return last;
}

/** Sessions of anna on both processes that serve mail programs; which one takes a connection is chance. */
async function onBothProcesses(): Promise<[one: Connected, other: Connected]> {
  const connected: Connected[] = [];
  return waitFor(async () => {
    const program = await logIn();
    connected.push({ ...(await newest()), program });
    const [first] = connected;
    const other = connected.find(({ pid }) => pid !== first?.pid);
    return first && other ? ([first, other] as [Connected, Connected]) : undefined;
  }, "sessions on both processes");
}

type Connected = SessionInfo & { readonly program: ImapClient };

function logged(event: string): LogLine[] {
  return platform.imbarco.logLines().filter((line) => line.event === event);
}

/** The process at work in a role now; the last one started. */
function processOf(role: string): number {
  return Number(logged("process.start").findLast((line) => line["role"] === role)?.["process"]);
}

async function renewed(): Promise<LogLine> {
  const before = logged("serve.renew").length;
  process.kill(platform.imbarco.pid ?? 0, "SIGUSR2");
  // The first line says that it has begun.
  return waitFor(() => logged("serve.renew").at(before + 1), "the renewal");
}

async function changeConfig(changes: Record<string, unknown>): Promise<() => Promise<void>> {
  const { configFile } = platform.imbarco;
  const before = await readFile(configFile, "utf8");
  await writeFile(configFile, stringify({ ...(parse(before) as object), ...changes }));
  return () => writeFile(configFile, before);
}

test("sessions are listed over all processes and kicked by id or account", async () => {
  const [one, other] = await onBothProcesses();
  const bruno = await logIn("bruno");
  expectOk(await bruno.command("LIST", ' "" *'), "LIST");
  const [shown] = await sessions(`bruno@${DOMAIN}`);
  expect(shown).toMatchObject({
    account: `bruno@${DOMAIN}`,
    protocol: "imap",
    client: { address: "127.0.0.1" },
  });
  expect(shown?.toTarget).toBeGreaterThan(0);
  expect(shown?.toClient).toBeGreaterThan(0);
  expect((await sessions(DOMAIN)).length).toBeGreaterThan(2);
  expect(await sessions("another.test")).toEqual([]);

  expect((await platform.imbarco.cli(["sessions", "kick", one.id])).status).toBe(0);
  expect((await one.program.readLine()).text).toMatch(/^\* BYE/);
  await one.program.closedByServer();
  expectOk(await other.program.command("NOOP"), "NOOP of another session");
  expect((await platform.imbarco.cli(["sessions", "kick", one.id])).status).toBe(1);

  expect((await platform.imbarco.cli(["sessions", "kick", ANNA])).stdout).toMatch(/^\d+ sessions? ended\n$/);
  await other.program.closedByServer();
  expectOk(await bruno.command("NOOP"), "NOOP of another account");
  const { mode } = await stat(join(platform.imbarco.folder, "data", "control.sock"));
  expect(mode & 0o777).toBe(0o600);
  const { stdout } = await platform.imbarco.cli(["sessions", "list"]);
  expect(stdout).toMatch(/^ID +ACCOUNT +PROTOCOL +FROM/);
  expect(stdout).toContain(`bruno@${DOMAIN}`);
});

test("a session process that is killed takes only its own sessions with it, and is replaced", async () => {
  const [one, other] = await onBothProcesses();
  process.kill(one.pid, "SIGKILL");
  await one.program.closedByServer();
  expectOk(await other.program.command("NOOP"), "NOOP of another session");
  await waitFor(
    () => logged("process.exit").find((line) => line["process"] === one.pid),
    "the end in the log",
  );
  const [here, there] = await onBothProcesses();
  expect([here.pid, there.pid]).not.toContain(one.pid);
  expect((await sessions()).map(({ pid }) => pid)).not.toContain(one.pid);
});

test("a copy goes on where the copier was killed, and nothing comes twice", async () => {
  const { source } = platform;
  const INBOX = mails("before the copier was killed", 1_500);
  await fillMailbox(source.endpoint(), `carla@${DOMAIN}`, `carla-${CANARY}`, { INBOX });
  await logIn("carla");
  await waitFor(() => logged("copy.start").some((line) => line["account"] === `carla@${DOMAIN}`), "the copy");
  process.kill(processOf("copier"), "SIGKILL");
  await platform.synced("carla");
  const both = await platform.bothSides("carla");
  const counts = { INBOX: INBOX.length };
  expect([countsOf(both.source), countsOf(both.target)]).toEqual([counts, counts]);
});

test("a copier that is killed is replaced, and follows those who are logged in", async () => {
  const client = await logIn();
  await platform.synced("anna");
  const former = processOf("copier");
  process.kill(former, "SIGKILL");
  await waitFor(() => processOf("copier") !== former, "another copier");
  await fillMailbox(platform.source.endpoint(), ANNA, PASSWORD, {
    INBOX: [mail("after the copier was killed")],
  });
  await waitFor(async () => {
    const { untagged } = expectOk(await client.command("STATUS INBOX (MESSAGES)"), "STATUS");
    return untagged.some(({ text }) => /MESSAGES [1-9]/.test(text));
  }, "the new mail");
});

test("a renewal refuses no connection, lets sessions go on and takes a new listener", async () => {
  const open = await logIn();
  const { pid } = await newest();
  const port = await freePort();
  const { listeners } = parse(await readFile(platform.imbarco.configFile, "utf8")) as { listeners: object[] };
  const further = { protocol: "imap", listen: `127.0.0.1:${port}`, tls: "starttls" };
  const changeBack = await changeConfig({ listeners: [...listeners, further] });
  const knocking = knockInALoop(platform);
  expect(await renewed()).toMatchObject({ level: "info", proxies: 2 });
  expect(await greets(port)).toBe(true);
  await logIn();
  expect((await newest()).pid).not.toBe(pid);
  expectOk(await open.command("NOOP"), "NOOP of a session from before");
  await changeBack();
  expect(await renewed()).toMatchObject({ level: "info" });
  await waitFor(async () => !(await greets(port).catch(() => false)), "the end of the further listener");
  const { times, errors } = await knocking.stop();
  expect(errors).toEqual([]);
  expect(times).toBeGreaterThan(10);
  expect((await sessions(ANNA)).map((session) => session.pid)).toContain(pid);
  await open.logOut();
  await waitFor(async () => !(await isAlive(pid)), "the end of a process that has nobody left");
});

test("a renewal that fails leaves everything as it is, says why, and all hear SIGHUP", async () => {
  const before = processOf("proxy");
  const undo = await changeConfig({ processes: "many" });
  const faulty = await renewed();
  expect(faulty.level).toBe("error");
  expect(faulty.msg).toContain("processes: must be auto or a whole number");
  await undo();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const free = await changeConfig({ admin: { listen: `127.0.0.1:${port}` } });
  const refused = await renewed();
  expect(refused.msg).toContain(`cannot listen on 127.0.0.1:${port}: another program has that port`);
  await free();
  other.close();
  expect(await isAlive(before)).toBe(true);
  process.kill(platform.imbarco.pid ?? 0, "SIGHUP");
  await waitFor(() => logged("serve.reload").length === 4, "all four processes to have read again");
});

test("a configuration that was made faulty meanwhile keeps no process from being replaced", async () => {
  const [{ pid: former }] = await onBothProcesses();
  const undo = await changeConfig({ processes: "many" });
  process.kill(former, "SIGKILL");
  const warned = () => logged("serve.reload").find(({ msg }) => msg.includes("the last start"));
  await waitFor(warned, "the remark on the configuration");
  await undo();
  const [one, other] = await onBothProcesses();
  expect([one.pid, other.pid]).not.toContain(former);
});

test("a second one says which process serves there already, and the port, before anything serves", async () => {
  const { status, stderr } = await platform.imbarco.cli(["serve"]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(
      new RegExp(
        `^imbarco: another imbarco serves over \\S+ already, as process ${platform.imbarco.pid}: this one cannot listen on 127\\.0\\.0\\.1:\\d+: another program has that port;`,
      ),
    ) as string,
  });
});

test("SIGTERM lets sessions go on in all processes, and nothing is left afterwards", async () => {
  const [one, other] = await onBothProcesses();
  const pid = platform.imbarco.pid ?? 0;
  const tree = await processTree(pid);
  const ended = platform.imbarco.terminate();
  await waitFor(() => logged("serve.drain").length > 0, "the drain");
  await waitFor(
    () =>
      greets(platform.imbarco.imapPort).then(
        () => false,
        () => true,
      ),
    "closed listeners",
  );
  expectOk(await one.program.command("NOOP"), "NOOP");
  expectOk(await other.program.command("NOOP"), "NOOP");
  for (const client of clients.splice(0)) client.close();
  expect(await ended).toBe(0);
  expect((await Promise.all(tree.map(isAlive))).includes(true)).toBe(false);
  expect((await platform.imbarco.cli(["sessions", "list"])).stderr).toContain("no imbarco serve runs here");
});

test("processes whose supervisor was killed drain and end by themselves", async () => {
  const client = await logIn();
  const [supervisor = 0, ...others] = await processTree(platform.imbarco.pid ?? 0);
  expect(others.length).toBeGreaterThanOrEqual(4);
  process.kill(supervisor, "SIGKILL");
  await waitFor(
    () =>
      greets(platform.imbarco.imapPort).then(
        () => false,
        () => true,
      ),
    "closed listeners",
  );
  expectOk(await client.command("NOOP"), "NOOP");
  client.close();
  await waitFor(async () => !(await Promise.all(others.map(isAlive))).includes(true), "the end of all");
  await platform.imbarco.kill9();
  await platform.imbarco.start();
  expect(await sessions(ANNA)).toEqual([]);
});

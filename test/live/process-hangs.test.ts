import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { SessionInfo } from "../../src/model/session-info.ts";
import { askServe } from "../../src/process/control-client.ts";
import { CANARY } from "../kit/canary.ts";
import { greets } from "../kit/greeting.ts";
import { expectOk, type ImapClient } from "../kit/imap-client.ts";
import type { LogLine } from "../kit/imbarco.ts";
import { type Platform, startPlatform } from "../kit/platform.ts";
import { isAlive } from "../kit/processes.ts";
import { waitFor } from "../kit/wait-for.ts";

/** Quick to notice who hangs. */
const SERVE = join(import.meta.dirname, "../kit/watchful-serve.ts");

let platform: Platform;
const clients: ImapClient[] = [];

beforeAll(async () => {
  platform = await startPlatform({
    users: { anna: `anna-${CANARY}` },
    config: { processes: 2, drain: "5m", copy: { syncInterval: "1h" }, log: { level: "info" } },
  });
  await platform.imbarco.terminate();
  await platform.imbarco.start(SERVE);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(() => platform?.stop());

type Connected = SessionInfo & { readonly program: ImapClient };

async function logIn(): Promise<Connected> {
  const known = new Set((await sessions()).map(({ id }) => id));
  const program = await platform.logIn("anna");
  clients.push(program);
  const session = (await sessions()).find(({ id }) => !known.has(id));
  if (session === undefined) throw new Error("the new session is not listed");
  return { ...session, program };
}

/** All sessions, asked for without a command: that would take half a second each time. */
async function sessions(): Promise<readonly SessionInfo[]> {
  const dataDir = join(platform.imbarco.folder, "data");
  return (await askServe(dataDir, { does: "list", filter: {} }, AbortSignal.timeout(60_000))).sessions;
}

/** A session on each of the two processes for mail programs; which one takes a connection is chance. */
async function onBothProcesses(): Promise<[one: Connected, other: Connected]> {
  const first = await logIn();
  const other = await waitFor(async () => {
    const next = await logIn();
    return next.pid === first.pid ? undefined : next;
  }, "sessions on both processes");
  return [first, other];
}

/** What the supervisor has logged of a process. */
function logged(event: string, pid: number): Promise<LogLine> {
  const isIt = (line: LogLine) => line.event === event && line["process"] === pid;
  return waitFor(() => platform.imbarco.logLines().find(isIt), `${event} in the log`);
}

/** The process at work in a role now; the last one started. */
function processOf(role: string): number {
  const starts = platform.imbarco.logLines().filter(({ event }) => event === "process.start");
  return Number(starts.findLast((line) => line["role"] === role)?.["process"]);
}

test("a session process that hangs is replaced, while sessions of another one go on", async () => {
  const [hung, sound] = await onBothProcesses();
  process.kill(hung.pid, "SIGSTOP");
  // The sockets are shared: whoever is not stopped takes what comes.
  for (let times = 0; times < 20; times += 1) expect(await greets(platform.imbarco.imapPort)).toBe(true);
  await hung.program.closedByServer();
  expectOk(await sound.program.command("NOOP"), "NOOP of another session");
  const line = await logged("process.hung", hung.pid);
  expect(line).toMatchObject({ level: "error", role: "proxy", process: hung.pid, silentMs: 5_000 });
  expect(line.msg).toMatch(/^proxy [12] has not answered for 5 s; it is ended by force and replaced$/);
  const end = await logged("process.exit", hung.pid);
  expect(end).toMatchObject({ level: "error", signal: "SIGKILL" });
  const [here, there] = await onBothProcesses();
  expect([here.pid, there.pid]).not.toContain(hung.pid);
  expect((await sessions()).map(({ pid }) => pid)).not.toContain(hung.pid);
  expectOk(await sound.program.command("NOOP"), "NOOP of another session");
});

test("a copier that hangs is replaced, and the copies go on", async () => {
  const former = processOf("copier");
  process.kill(former, "SIGSTOP");
  await waitFor(() => processOf("copier") !== former, "another copier");
  expect((await logged("process.hung", former)).msg).toMatch(/^copier 1 has not answered/);
  await logIn();
  await platform.synced("anna");
});

test("a process that hangs while it drains is ended, and nobody takes its place", async () => {
  const [hung, sound] = await onBothProcesses();
  const ended = platform.imbarco.terminate();
  await waitFor(
    () =>
      greets(platform.imbarco.imapPort).then(
        () => false,
        () => true,
      ),
    "closed listeners",
  );
  process.kill(hung.pid, "SIGSTOP");
  await hung.program.closedByServer();
  expect((await logged("process.hung", hung.pid)).msg).toMatch(/ended by force since it cannot drain$/);
  expectOk(await sound.program.command("NOOP"), "NOOP of a session that may go on");
  for (const client of clients.splice(0)) client.close();
  expect(await ended).toBe(0);
  expect(await isAlive(hung.pid)).toBe(false);
  expect(await logged("process.exit", hung.pid)).toMatchObject({ level: "info", signal: "SIGKILL" });
});

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { SessionInfo } from "../../src/model/session-info.ts";
import { makeCertificates } from "../kit/certs.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { type ImbarcoProcess, startImbarco } from "../kit/imbarco.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { waitFor } from "../kit/wait-for.ts";

const MAIN = join(import.meta.dirname, "../../tools/imbarco.mjs");

interface WrittenConfig {
  tls?: { certFile: string; keyFile: string };
  listeners?: { listen: string; tls: string; protocol: string; plaintextLogin?: string }[];
  admin?: { listen: string };
  roles?: string[];
  dataDir?: string;
}

let target: Dovecot;
let imbarco: ImbarcoProcess;
let written: WrittenConfig;

beforeAll(async () => {
  target = await startDovecot();
  imbarco = await startImbarco({ target });
  written = parse(await readFile(imbarco.configFile, "utf8")) as WrittenConfig;
});

afterAll(async () => {
  await imbarco?.stop();
  await target?.stop();
});

async function configFile(name: string, changes: Partial<WrittenConfig>): Promise<string> {
  const file = join(imbarco.folder, name);
  await writeFile(file, stringify({ ...written, ...changes }));
  return file;
}

/** Which certificate the listener shows. */
async function shown(): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: imbarco.imapsPort, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256 ?? "";
}

/** Has the configuration read again and waits until that is done. */
async function hangUp(): Promise<string> {
  const reloads = () => imbarco.logLines().filter((line) => line.event === "serve.reload");
  const before = reloads().length;
  process.kill(imbarco.pid ?? 0, "SIGHUP");
  await waitFor(() => reloads().length > before, "the configuration to be read again");
  return String(reloads().at(-1)?.level);
}

/** What a second `serve` complains of, which must end by itself. */
async function complaint(changes: Partial<WrittenConfig>): Promise<string> {
  const file = await configFile("second.yaml", changes);
  const second = spawn(process.execPath, [MAIN, "serve", "--config", file], { stdio: "pipe" });
  let said = "";
  second.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  expect(await once(second, "close")).toEqual([1, null]);
  return said;
}

const taken = (port: number) =>
  `cannot listen on 127.0.0.1:${port}: another program has that port; stop it, or choose another port\n`;

test.each([
  ["the first listener", {}],
  ["the admin listener", { roles: ["admin"] }],
])("a port that %s finds in use is named, and nothing is left running", async (_which, changes) => {
  const said = await complaint({ ...changes, dataDir: join(imbarco.folder, "other") });
  expect(said).toBe(`imbarco: ${taken("roles" in changes ? imbarco.adminPort : imbarco.imapPort)}`);
});

test("a second one over the same folder says first which process serves there already", async () => {
  const where = `over ${join(imbarco.folder, "data")} already, as process ${imbarco.pid}`;
  expect(await complaint({})).toBe(
    `imbarco: another imbarco serves ${where}: this one ${taken(imbarco.imapPort)}Leave that one running, or stop it before another one is started.\n`,
  );
});

test("one process alone tells of its sessions and ends them, and is not harmed by a signal meant for several", async () => {
  const socket = connectTcp(imbarco.imapPort, "127.0.0.1");
  await once(socket, "data");
  const { localPort: port } = socket;
  const closed = once(socket.resume(), "close");
  process.kill(imbarco.pid ?? 0, "SIGUSR2");
  // The one that waited for the listeners may be there still.
  const mine = async () =>
    (await imbarco.json<SessionInfo[]>(["sessions", "list"])).find(({ client }) => client.port === port);
  const session = await mine();
  expect(session).toMatchObject({
    protocol: "imap",
    account: null,
    pid: imbarco.pid,
    toTarget: 0,
    toClient: 0,
  });
  await imbarco.json(["sessions", "kick", session?.id ?? ""]);
  await closed;
  expect(await mine()).toBeUndefined();
  expect(imbarco.logLines().map(({ event }) => event)).toContain("serve.renew");
});

test("SIGHUP does not end a process without listeners for mail", async () => {
  const file = await configFile("copier.yaml", { roles: ["copier"] });
  const copier = spawn(process.execPath, [MAIN, "serve", "--config", file], { stdio: "pipe" });
  let log = "";
  copier.stdout.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const closed = once(copier, "close");
  await waitFor(() => log.includes("serve.ready"), "the copier to be ready");
  copier.kill("SIGHUP");
  await waitFor(() => log.includes("serve.reload") || copier.signalCode !== null, "it to read again");
  copier.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
});

test("SIGHUP takes over a new certificate, and keeps the present one where the new cannot be used or is gone", async () => {
  const first = await shown();
  const folder = await makeTempFolder("renewed");
  const { certFile, keyFile } = await makeCertificates(folder);
  await configFile("imbarco.yaml", { tls: { certFile, keyFile } });
  expect(await hangUp()).toBe("info");
  const renewed = await shown();
  expect(renewed).not.toBe(first);

  // Certificate and key belong together, but no TLS library takes such a short key any more.
  const weak =
    "req -x509 -newkey rsa:1024 -nodes -subj /CN=localhost -keyout weak.key -out weak.pem -days 31";
  execFileSync("openssl", weak.split(" "), { cwd: folder, stdio: "ignore" });
  await configFile("imbarco.yaml", {
    tls: { certFile: join(folder, "weak.pem"), keyFile: join(folder, "weak.key") },
  });
  expect(await hangUp()).toBe("error");
  expect(await shown()).toBe(renewed);

  const inClear = { protocol: "imap", listen: "127.0.0.1:0", tls: "none", plaintextLogin: "always" };
  const { tls: _gone, ...rest } = written;
  await writeFile(imbarco.configFile, stringify({ ...rest, listeners: [inClear] }));
  expect(await hangUp()).toBe("info");
  expect(await shown()).toBe(renewed);
  await removeTempFolder(folder);
});

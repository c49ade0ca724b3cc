import { once } from "node:events";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../kit/certs.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { type ImbarcoProcess, startImbarco } from "../kit/imbarco.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { waitFor } from "../kit/wait-for.ts";

let folder: string;
let target: Dovecot;
let imbarco: ImbarcoProcess;
let standard: Certificates;
let named: Certificates;

async function certificateFor(name: string): Promise<Certificates> {
  const at = join(folder, name);
  await mkdir(at);
  return makeCertificates(at, `DNS:${name}`);
}

beforeAll(async () => {
  folder = await makeTempFolder("sni");
  target = await startDovecot();
  standard = await certificateFor("standard.test");
  named = await certificateFor("named.test");
  const pair = ({ certFile, keyFile }: Certificates) => ({ certFile, keyFile });
  imbarco = await startImbarco({
    target,
    config: { tls: { ...pair(standard), sni: [{ names: ["named.test", "*.wild.test"], ...pair(named) }] } },
  });
});

afterAll(async () => {
  await imbarco?.stop();
  await target?.stop();
  await removeTempFolder(folder);
});

/** A session in TLS from the first octet, greeted. */
async function session(servername: string): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port: imbarco.imapsPort,
    servername,
    rejectUnauthorized: false,
  });
  await once(socket, "data");
  return socket;
}

async function shownTo(servername: string): Promise<string | undefined> {
  const socket = await session(servername);
  const shown = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return shown;
}

/** What the log says of the next reload. */
async function hangUp(): Promise<Record<string, unknown>> {
  const reloads = () => imbarco.logLines().filter(({ event }) => event === "serve.reload");
  const before = reloads().length;
  process.kill(imbarco.pid ?? 0, "SIGHUP");
  await waitFor(() => reloads().length > before, "the configuration to be read again");
  return reloads().at(-1) ?? {};
}

test("SIGHUP replaces all certificates or none, and names the file that is at fault", async () => {
  const names = ["standard.test", "named.test", "imap.wild.test", "other.test"];
  const shown = () => Promise.all(names.map((name) => shownTo(name)));
  const [first, second] = await shown();
  expect(first).not.toBe(second);
  expect(await shown()).toEqual([first, second, second, first]);
  const underWay = await session("named.test");

  const [one, two] = [await certificateFor("new-standard.test"), await certificateFor("new-named.test")];
  await copyFile(one.certFile, standard.certFile);
  await copyFile(one.keyFile, standard.keyFile);
  await copyFile(two.certFile, named.certFile);
  expect(await hangUp()).toMatchObject({
    level: "error",
    causes: [
      expect.stringMatching(/tls\.sni\[0\]\.keyFile: .*named\.test\/server\.key is not the key/) as string,
    ],
  });
  expect(await shown()).toEqual([first, second, second, first]);

  await copyFile(two.keyFile, named.keyFile);
  expect(await hangUp()).toMatchObject({ level: "info" });
  const [third, fourth] = await shown();
  expect(new Set([first, second, third, fourth]).size).toBe(4);
  expect(await shown()).toEqual([third, fourth, fourth, third]);

  underWay.write("a NOOP\r\n");
  expect(String((await once(underWay, "data"))[0])).toMatch(/^a OK/);
  underWay.destroy();
});

test("a mail program that comes back resumes its TLS session after a restart of imbarco", async () => {
  const visit = async (ticket?: Buffer) => {
    const options = {
      host: "127.0.0.1",
      port: imbarco.imapsPort,
      servername: "named.test",
      rejectUnauthorized: false,
    };
    const socket = tls.connect({ ...options, ...(ticket ? { session: ticket } : {}) });
    const tickets: Buffer[] = [];
    socket.on("session", (given) => tickets.push(given));
    await once(socket, "data");
    // Tickets have come when what is said behind them is answered.
    socket.write("a NOOP\r\n");
    await once(socket, "data");
    const resumed = socket.isSessionReused();
    socket.destroy();
    return { resumed, ticket: tickets.at(-1) };
  };
  const first = await visit();
  expect(first.resumed).toBe(false);
  await imbarco.restart();
  expect((await visit(first.ticket)).resumed).toBe(true);
});

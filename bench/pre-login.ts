import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import net from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { parseArgs } from "node:util";
import { silentLog } from "../src/log/log.ts";
import { PROTOCOLS, type ProtocolName } from "../src/model/protocol.ts";
import { listen } from "../src/net/listen.ts";
import { nodeSettings } from "../src/process/node-settings.ts";
import { setV8For } from "../src/process/v8-settings.ts";
import { SessionRegistry } from "../src/session/registry.ts";
import { serveSession } from "../src/session/session.ts";
import { LIMITS } from "../src/wire/limits.ts";
import { makeCertificates } from "../test/kit/certs.ts";
import { serverTlsOf } from "../test/kit/server-tls.ts";
import { makeTempFolder, removeTempFolder } from "../test/kit/temp-folder.ts";

/**
 * What one hostile connection before login costs at most: `node bench/pre-login.ts [--connections 2000] [--only floods]`. A process with all doors, whose logins never end, is
 * connected to by so many clients that send the most that is allowed; shown is how much its resident memory grows by, per connection.
 */

/** What holds the most in a reader: a command that is as long as it may be and not complete. */
const UNFINISHED: Readonly<Record<ProtocolName, string>> = {
  imap: `a ID (${`"x" {1000+}\r\n${"y".repeat(1_000)} `.repeat(29)}"${"z".repeat(8_000)}`,
  pop3: `USER ${"x".repeat(LIMITS.lineOctets - 10)}`,
  submission: `EHLO ${"x".repeat(LIMITS.smtpLineOctets - 10)}`,
  sieve: `NOOP {${LIMITS.sieveCommandOctets - 20}+}\r\n${"x".repeat(LIMITS.sieveCommandOctets - 100)}`,
};

const CREDENTIALS = Buffer.from("\0mario\0secret").toString("base64");
const LOGIN: Readonly<Record<ProtocolName, string>> = {
  imap: `a AUTHENTICATE PLAIN ${CREDENTIALS}\r\n`,
  pop3: `AUTH PLAIN ${CREDENTIALS}\r\n`,
  submission: `EHLO x\r\nAUTH PLAIN ${CREDENTIALS}\r\n`,
  sieve: `AUTHENTICATE "PLAIN" "${CREDENTIALS}"\r\n`,
};

/** More than any bound on what waits. */
const FLOOD_OCTETS = 1_000_000;
/** Packets of one octet that are sent behind a login, which costs a system call each. */
const DROPS = 20_000;

interface Scenario {
  readonly name: string;
  /** One connection in so many of those asked for: dripping takes time. */
  readonly share: number;
  readonly send: (socket: net.Socket, protocol: ProtocolName) => Promise<void>;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "says nothing", share: 1, send: async () => {} },
  {
    name: "never ends a command",
    share: 1,
    send: async (socket, protocol) => void socket.write(UNFINISHED[protocol], "latin1"),
  },
  {
    name: "floods behind a login",
    share: 1,
    send: async (socket, protocol) => {
      socket.write(LOGIN[protocol]);
      await sleep(300);
      socket.write(Buffer.alloc(FLOOD_OCTETS, "x"));
    },
  },
  {
    name: "drips behind a login",
    share: 40,
    send: async (socket, protocol) => {
      socket.write(LOGIN[protocol]);
      for (let at = 0; at < DROPS && !socket.writableNeedDrain; at += 1) {
        socket.write("x");
        if (at % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
];

interface Door {
  readonly protocol: ProtocolName;
  readonly tls: "none" | "implicit";
  readonly port: number;
}

/** The process that is measured: every door, and logins that never end. */
async function serveDoors(): Promise<void> {
  const folder = await makeTempFolder("pre-login");
  const { certFile, keyFile } = await makeCertificates(folder);
  const pair = { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  await removeTempFolder(folder);
  const deps = {
    login: () => new Promise<never>(() => {}),
    log: silentLog(),
    hostname: "mail.test",
    serverTls: serverTlsOf(pair),
    offers: () => [],
    registry: new SessionRegistry(),
  };
  for (const protocol of PROTOCOLS)
    for (const mode of ["none", "implicit"] as const) {
      const policy = { protocol, tls: mode, plaintextLogin: "always" } as const;
      const fault = (error: Error) => process.stderr.write(`${error.message}\n`);
      const serve = (socket: net.Socket) => void serveSession(deps, socket, policy).catch(fault);
      const { port } = await listen({ host: "127.0.0.1", port: 0 }, serve, fault);
      process.stdout.write(`${JSON.stringify({ protocol, tls: mode, port })}\n`);
    }
  process.stdout.write("ready\n");
}

async function startDoors(): Promise<{ child: ChildProcess; doors: Door[] }> {
  // As a process of sessions has them.
  const { options, environment } = nodeSettings(["proxy"], [], {});
  const child = spawn(process.execPath, [...options, import.meta.filename, "doors"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const doors: Door[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") break;
    doors.push(JSON.parse(line) as Door);
  }
  return { child, doors };
}

async function connect(door: Door, at: number): Promise<net.Socket> {
  // One network is allowed fewer connections than are wanted here.
  const localAddress = `127.0.0.${2 + Math.floor((2 * at) / LIMITS.preLoginPerNetwork)}`;
  const plain = net.connect({ host: "127.0.0.1", port: door.port, localAddress, noDelay: true });
  plain.on("error", () => plain.destroy());
  await once(plain, "connect");
  if (door.tls === "none") {
    plain.resume();
    return plain;
  }
  const secured = tls.connect({ socket: plain, rejectUnauthorized: false });
  secured.on("error", () => secured.destroy());
  await once(secured, "secureConnect");
  secured.resume();
  return secured;
}

function residentOctets(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

/** Growth of the process per connection, in octets; a fresh process each time, since memory given back stays resident. */
async function measure(protocol: ProtocolName, mode: Door["tls"], scenario: Scenario, connections: number) {
  const { child, doors } = await startDoors();
  const pid = child.pid ?? 0;
  const sockets: net.Socket[] = [];
  try {
    const door = doors.find((one) => one.protocol === protocol && one.tls === mode) as Door;
    // What the first connections warm up is no cost of theirs.
    for (let at = 0; at < 20; at += 1) (await connect(door, at)).destroy();
    await sleep(300);
    const before = residentOctets(pid);
    const count = Math.ceil(connections / scenario.share);
    for (let at = 0; at < count; at += 50) {
      const batch = Array.from({ length: Math.min(50, count - at) }, (_, index) => connect(door, at + index));
      sockets.push(...(await Promise.all(batch)));
    }
    for (let at = 0; at < sockets.length; at += 100)
      await Promise.all(sockets.slice(at, at + 100).map((socket) => scenario.send(socket, protocol)));
    await sleep(2_000);
    const alive = sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
    if (alive < count) process.stdout.write(`  (${count - alive} of ${count} were closed)\n`);
    return (residentOctets(pid) - before) / count;
  } finally {
    for (const socket of sockets) socket.destroy();
    child.kill("SIGKILL");
    await once(child, "close");
  }
}

const { values, positionals } = parseArgs({
  options: { connections: { type: "string", default: "2000" }, only: { type: "string" } },
  allowPositionals: true,
});
if (positionals[0] === "doors") {
  setV8For(["proxy"]);
  await serveDoors();
} else
  for (const scenario of SCENARIOS.filter(
    ({ name }) => values.only === undefined || name.includes(values.only),
  ))
    for (const protocol of PROTOCOLS)
      for (const mode of ["none", "implicit"] as const) {
        const octets = await measure(protocol, mode, scenario, Number(values.connections));
        const words = `${scenario.name.padEnd(22)} ${protocol.padEnd(10)} ${mode === "none" ? "clear" : "TLS  "}`;
        process.stdout.write(`${words} ${(octets / 1024).toFixed(0).padStart(6)} KB a connection\n`);
      }

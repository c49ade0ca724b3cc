import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { configPath, loadConfig } from "../../../src/config/load.ts";
import { ConfigError } from "../../../src/config/problem.ts";
import { needsRestart } from "../../../src/config/reload.ts";
import { DEFAULT_THROTTLE } from "../../../src/model/throttle.ts";
import { type Certificates, makeCertificates } from "../../kit/certs.ts";
import { makeTempFolder, removeTempFolder } from "../../kit/temp-folder.ts";

const SMALLEST = `roles: [copier]
target:
  imap: { host: imap.new.example }
  provision: { kind: none }
`;

let folder: string;
let certificates: Certificates;
let other: Certificates;

beforeAll(async () => {
  folder = await makeTempFolder("config");
  certificates = await makeCertificates(folder);
  await writeFile(join(folder, "server2.key"), await readFile(certificates.keyFile));
  other = await makeCertificates(await makeTempFolder("config-other"));
});

afterAll(async () => {
  await removeTempFolder(folder);
  await removeTempFolder(join(other.caFile, ".."));
});

async function load(text: string) {
  const file = join(folder, "imbarco.yaml");
  await writeFile(file, text);
  return await loadConfig(file);
}

async function problemsOf(text: string): Promise<string[]> {
  const error: unknown = await load(text).then(
    () => new Error("it was accepted"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map(({ path, line, message }) => `${line} ${path}: ${message}`);
}

test("a small configuration gets every default", async () => {
  const { config, warnings } = await load(SMALLEST);
  expect(warnings).toEqual([]);
  expect(config).toMatchObject({
    file: join(folder, "imbarco.yaml"),
    dataDir: "/var/lib/imbarco",
    store: { kind: "sqlite", path: "/var/lib/imbarco/imbarco.db" },
    keyFile: "/etc/imbarco/master.key",
    tls: null,
    listeners: [],
    target: {
      imap: { host: "imap.new.example", port: 143, tls: "starttls", ca: null, verify: true },
      login: { as: "user" },
      provision: { kind: "none" },
    },
    copy: {
      connectionsPerSource: 8,
      pairsPerAccount: 2,
      bytesPerSecond: null,
      night: null,
      maxMessageSize: null,
      syncIntervalMs: 300_000,
      order: "newest-first",
      compress: "auto",
    },
    admin: null,
    log: { level: "info" },
    dns: { servers: [] },
    drainMs: 30_000,
  });
  expect(config.hostname).not.toBe("");
});

test("durations, sizes, addresses and the usual ports are understood", async () => {
  const { config } = await load(`roles: [copier]
dataDir: data
drain: 90s
target:
  imap: { host: 127.0.0.1, tls: implicit, verify: false }
  provision: { kind: passwd-file, path: ../passwd }
copy: { syncInterval: 500ms, maxMessageSize: 25M }
admin: { listen: "[::1]:8025" }
`);
  expect(config.target.imap.port).toBe(993);
  expect(config.copy).toMatchObject({ syncIntervalMs: 500, maxMessageSize: 25 * 1024 * 1024 });
  expect(config.drainMs).toBe(90_000);
  expect(config.admin).toEqual({ listen: { host: "::1", port: 8025 } });
  expect(config.dataDir).toBe(join(folder, "data"));
  expect(config.target.provision).toEqual({ kind: "passwd-file", path: join(folder, "../passwd") });
});

test("a server of the target may be known by the fingerprints of its certificates, one or several", async () => {
  const hex = "0a".repeat(32);
  const written = (fingerprint: string) =>
    SMALLEST.replace(/imap: \{ /, `imap: { fingerprint: ${fingerprint}, `);
  const read = async (fingerprint: string) =>
    (await load(written(fingerprint))).config.target.imap.fingerprints;
  expect(await read(hex.toUpperCase().replace(/..(?=.)/g, "$&:"))).toEqual([`sha256:${hex}`]);
  expect(await read(`["sha256:${hex}", "${"1b".repeat(32)}"]`)).toEqual([
    `sha256:${hex}`,
    `sha256:${"1b".repeat(32)}`,
  ]);
  expect(await problemsOf(written("0a:0b"))).toEqual([
    expect.stringMatching(/fingerprint: must be the SHA-256/),
  ]);
});

test("the configuration is frozen to its leaves", async () => {
  const { config } = await load(SMALLEST);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.target.imap)).toBe(true);
  expect(Object.isFrozen(config.roles)).toBe(true);
});

test("a password comes from its file without the final newline, octet by octet, and prints as a mask", async () => {
  await writeFile(join(folder, "password"), Buffer.from("gr\xfc\xdfe \n\r\n", "latin1"), { mode: 0o600 });
  const { config, warnings } = await load(
    SMALLEST.replace("  provision", "  login: { as: master, user: m, passwordFile: password }\n  provision"),
  );
  const { login } = config.target;
  if (login.as !== "master") throw new Error("not a master login");
  expect(login.password.reveal()).toEqual(Buffer.from("gr\xfc\xdfe \n", "latin1"));
  expect(login).toMatchObject({ form: "authzid", separator: "*" });
  expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("gr");
  expect(warnings).toEqual([]);
});

test("a secret file that others may read is warned of, and an empty one refused", async () => {
  const text = SMALLEST.replace(
    "  provision",
    "  login: { as: master, user: m, passwordFile: open }\n  provision",
  );
  const file = join(folder, "open");
  await writeFile(file, "x");
  await chmod(file, 0o640);
  const { warnings } = await load(text);
  expect(warnings).toEqual([
    { path: "target.login.passwordFile", line: 4, message: expect.stringContaining(`chmod 600 ${file}`) },
  ]);
  await writeFile(file, "\n");
  expect(await problemsOf(text)).toEqual([`4 target.login.passwordFile: ${file} is empty`]);
});

test("certificate and key must belong together", async () => {
  const withTls = (keyFile: string) =>
    `${SMALLEST}tls:\n  certFile: ${certificates.certFile}\n  keyFile: ${keyFile}\n`;
  const { config } = await load(withTls(certificates.keyFile));
  expect(config.tls?.cert).toContain("BEGIN CERTIFICATE");
  expect(await problemsOf(withTls(other.keyFile))).toEqual([
    `7 tls.keyFile: ${other.keyFile} is not the key of the certificate in certFile: these two files do not belong together`,
  ]);
});

test("the target may have servers of all protocols", async () => {
  const text = SMALLEST.replace(
    "  provision",
    "  pop3: { host: a, tls: none }\n  submission: { host: a, tls: implicit }\n  provision",
  );
  const { pop3, submission, sieve } = (await load(text)).config.target;
  expect([pop3?.port, submission?.port, sieve]).toEqual([110, 465, null]);
});

test("the example file is sound but for the files that it names", async () => {
  const example = await readFile(join(import.meta.dirname, "../../../config/imbarco.example.yaml"), "utf8");
  const problems = await problemsOf(example.replaceAll("/etc/imbarco/", "/nowhere/"));
  expect(problems.map((problem) => problem.replace(/^\d+ /, ""))).toEqual([
    "tls.certFile: there is no file /nowhere/fullchain.pem",
    "tls.keyFile: there is no file /nowhere/privkey.pem",
  ]);
});

test("the option comes before the usual place of the file", () => {
  expect(configPath("x.yaml")).toBe("x.yaml");
});

test("the night profile is read, with the machine's time zone where none is named", async () => {
  const night = `copy:
  night: { from: "22:00", to: "06:30", timeZone: Europe/Rome, connectionsPerSource: 16, bytesPerSecond: null }
`;
  expect((await load(SMALLEST + night)).config.copy.night).toEqual({
    fromMinute: 1320,
    toMinute: 390,
    timeZone: "Europe/Rome",
    connectionsPerSource: 16,
    bytesPerSecond: null,
  });
  const short =
    'copy: { bytesPerSecond: 10M, night: { from: "22:00", to: "6:00", connectionsPerSource: 9 } }\n';
  const { copy } = (await load(SMALLEST + short)).config;
  expect(copy.bytesPerSecond).toBe(10 * 1024 * 1024);
  expect(copy.night).toMatchObject({
    toMinute: 360,
    connectionsPerSource: 9,
    bytesPerSecond: "as by day",
  });
  expect(
    await problemsOf(`${SMALLEST}copy: { night: { from: "6:00", to: "06:00", connectionsPerSource: 9 } }\n`),
  ).toEqual(["5 copy.night.to: must not be the same time as from"]);
});

test("limits of the copier need no restart, the rest of its block does", async () => {
  const running = (await load(SMALLEST)).config;
  const changed = (copy: Partial<Config["copy"]>) =>
    needsRestart(running, { ...running, copy: { ...running.copy, ...copy } });
  expect(changed({ connectionsPerSource: 3, pairsPerAccount: 1, bytesPerSecond: 5 })).toEqual([]);
  expect(changed({ order: "oldest-first", syncIntervalMs: 1 })).toEqual(["copy.order", "copy.syncInterval"]);
  expect(needsRestart(running, { ...running, drainMs: 1 })).toEqual(["drain"]);
});

test("throttles have defaults, are taken as written, and need no restart", async () => {
  const running = (await load(SMALLEST)).config;
  expect(running.throttle).toEqual(DEFAULT_THROTTLE);
  const block =
    "throttle: { failuresPerNetwork: 5, window: 10m, exempt: [10.0.0.0/8], refusalsPerSource: { perHour: 9 } }\n";
  const { config } = await load(SMALLEST + block);
  expect(config.throttle).toMatchObject({
    failuresPerNetwork: 5,
    failuresPerAccount: DEFAULT_THROTTLE.failuresPerAccount,
    windowMs: 600_000,
    exempt: [{ text: "10.0.0.0/8" }],
    refusalsPerSource: { perMinute: DEFAULT_THROTTLE.refusalsPerSource.perMinute, perHour: 9 },
  });
  expect(needsRestart(running, { ...running, throttle: config.throttle })).toEqual([]);
});

import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/kit/clock.ts";
import { createLog } from "../../../src/log/log.ts";
import { createLogin } from "../../../src/login/login.ts";
import { DEFAULT_FOLDER_POLICIES } from "../../../src/model/domain.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { PROTOCOLS, type ProtocolName } from "../../../src/model/protocol.ts";
import { noProvisioner } from "../../../src/provision/none.ts";
import { sqliteQueue } from "../../../src/queue/sqlite.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import { openVault, type Vault } from "../../../src/vault/vault.ts";
import { makeTempFolder, removeTempFolder } from "../../kit/temp-folder.ts";
import { makeTlsPair, type Stage, setStage, type TlsPair } from "../stage.ts";
import { type HostileServer, type Running, startHostileServer } from "./fake-server.ts";
import { IMAP_OTHER_SERVERS } from "./imap-other-servers.ts";
import { IMAP_SERVERS, IMAP_TONGUE } from "./imap-servers.ts";

/* The same hostile servers as a domain's source, seen from the user's mail program: the whole login, at each door. */

const PLAIN = Buffer.from("\0mario@a.it\0secret").toString("base64");
const LOGIN: Readonly<Record<ProtocolName, readonly string[]>> = {
  imap: ["a LOGIN mario@a.it secret"],
  pop3: ["USER mario@a.it", "PASS secret"],
  submission: ["EHLO pc.test", `AUTH PLAIN ${PLAIN}`],
  sieve: [`AUTHENTICATE "PLAIN" "${PLAIN}"`],
};
/** Contract §6: not now. */
const NOT_NOW: Readonly<Record<ProtocolName, RegExp>> = {
  imap: /^a NO \[UNAVAILABLE\] The mail server cannot log you in now, try again later\r\n$/m,
  pop3: /^-ERR \[SYS\/TEMP\] The mail server cannot log you in now, try again later\r\n$/m,
  submission: /^454 4\.7\.0 The mail server cannot log you in now, try again later\r\n$/m,
  sieve: /^NO \(TRYLATER\) "The mail server cannot log you in now, try again later"\r\n$/m,
};
const NOWHERE: Endpoint = { host: "127.0.0.1", port: 1, tls: "none", ca: null, verify: true };

/** Those that no login gets past, but for those that only let time go by. */
const SERVERS: readonly HostileServer[] = [
  ...Object.values(IMAP_SERVERS),
  ...Object.values(IMAP_OTHER_SERVERS),
]
  .flat()
  .filter(({ ends, does }) => ends.starttls !== "granted" && !/nothing|does not begin/.test(does));

let tls: TlsPair;
let folder: string;
let vault: Vault;
let running: Running | null = null;
let stage: Stage | null = null;

beforeAll(async () => {
  folder = await makeTempFolder("hostile");
  [tls, vault] = await Promise.all([makeTlsPair(), openVault(join(folder, "master.key"))]);
});

afterEach(async () => {
  await stage?.close();
  await running?.close();
  [stage, running] = [null, null];
});

afterAll(() => removeTempFolder(folder));

/** A store with one user, whose source is the hostile server. */
async function storeWith(port: number) {
  const database = openDatabase(":memory:");
  const store = sqliteStore(database);
  const now = new Date().toISOString();
  await store.domains.add({
    name: "a.it",
    state: "migrating",
    source: { host: "127.0.0.1", port, tls: "starttls", ca: tls.ca, verify: true },
    login: "address",
    cutover: { mx: [], txt: [] },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt: now,
    finalizedAt: null,
  });
  const account = { address: "mario@a.it", domain: "a.it", sourceLogin: null, name: null, quota: null };
  await store.accounts.addMany([account], now);
  return { store, queue: sqliteQueue(database) };
}

async function logInThrough(protocol: ProtocolName, port: number) {
  let logged = "";
  const log = createLog({ level: "debug", stream: { write: (line) => (logged += line) } });
  const { store, queue } = await storeWith(port);
  const target = {
    imap: NOWHERE,
    pop3: NOWHERE,
    submission: NOWHERE,
    sieve: NOWHERE,
    login: { as: "user" } as const,
  };
  const login = createLogin({
    store,
    queue,
    vault,
    provisioner: noProvisioner(),
    target,
    clock: systemClock,
    log,
  });
  stage = await setStage({ protocol, tls: "none", plaintextLogin: "always" }, tls, login);
  const client = await stage.connect();
  client.send(...LOGIN[protocol]);
  client.end();
  const heard = await client.rest();
  const { state } = (await store.accounts.get("mario@a.it")) ?? {};
  await store.close();
  return { heard, state, logged: logged + stage.log() };
}

describe.each(
  SERVERS.map((server, at) => ({ server, does: server.does, protocol: PROTOCOLS[at % 4] ?? "imap" })),
)("a source that $does", ({ server, protocol }) => {
  test(`makes a login by ${protocol} wait, says nothing to its client and gets no password`, async () => {
    running = await startHostileServer(server, IMAP_TONGUE, "starttls", tls);
    const { heard, state, logged } = await logInThrough(protocol, running.port);
    expect(heard).toMatch(NOT_NOW[protocol]);
    expect(heard).not.toMatch(/FORGED|INSIDE|127\.0\.0\.1/);
    expect(logged).not.toMatch(/FORGED|secret/);
    expect(logged).toContain('"event":"login.unavailable"');
    expect(state).toBe("waiting");
    expect(running.heardInClear.join("\n")).not.toMatch(/secret|mario/);
  });
});

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../../src/log/log.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { openImapTarget } from "../../../src/upstream/imap-login/open.ts";
import { openImap } from "../../../src/upstream/open.ts";
import { openPop3Target } from "../../../src/upstream/pop3/open.ts";
import { openSieveTarget } from "../../../src/upstream/sieve/open.ts";
import { openSmtpTarget } from "../../../src/upstream/smtp/open.ts";
import { makeCertificates } from "../../kit/certs.ts";
import { makeTempFolder, removeTempFolder } from "../../kit/temp-folder.ts";
import type { TlsPair } from "../stage.ts";
import { type Running, startHostileServer, type Tongue } from "./fake-server.ts";
import { IMAP_TONGUE } from "./imap-servers.ts";
import { POP3_TONGUE } from "./pop3-servers.ts";
import { SIEVE_TONGUE } from "./sieve-servers.ts";
import { SMTP_TONGUE } from "./smtp-servers.ts";

/* The 12 extra cases of the public NO STARTTLS work: four certificates that prove nothing, each in IMAP, POP3 and SMTP; here in ManageSieve and with implicit TLS too. */

const ORIGIN = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: "pc.test" };
const DEPS = { log: silentLog() };
const LIMITS = { greetingLimitMs: 2_000, connectLimitMs: 5_000 };

const CLIENTS: readonly {
  readonly name: string;
  readonly tongue: Tongue;
  readonly open: (endpoint: Endpoint) => Promise<unknown>;
}[] = [
  { name: "IMAP", tongue: IMAP_TONGUE, open: (at) => openImap(DEPS, "source", at, { limits: LIMITS }) },
  {
    name: "IMAP of sessions",
    tongue: IMAP_TONGUE,
    open: (at) => openImapTarget(DEPS, at, ORIGIN, { limits: LIMITS }),
  },
  { name: "POP3", tongue: POP3_TONGUE, open: (at) => openPop3Target(DEPS, at, ORIGIN, { limits: LIMITS }) },
  { name: "SMTP", tongue: SMTP_TONGUE, open: (at) => openSmtpTarget(DEPS, at, ORIGIN, { limits: LIMITS }) },
  {
    name: "ManageSieve",
    tongue: SIEVE_TONGUE,
    open: (at) => openSieveTarget(DEPS, at, ORIGIN, { limits: LIMITS }),
  },
];

const CERTIFICATES = [
  "signed by itself",
  "of an authority that nobody knows",
  "for another name",
  "that is over",
] as const;

let folders: string[] = [];
let ca: string;
let shown: Record<(typeof CERTIFICATES)[number], TlsPair>;
let running: Running | null = null;

async function folder(): Promise<string> {
  const made = await makeTempFolder("certificates");
  folders.push(made);
  return made;
}

async function pairOf({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<TlsPair> {
  return { ca, cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
}

async function makeSelfSigned(at: string): Promise<{ certFile: string; keyFile: string }> {
  const asked =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.pem -days 31";
  const names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1";
  await promisify(execFile)("openssl", `${asked} ${names}`.split(" "), { cwd: at });
  return { certFile: join(at, "own.pem"), keyFile: join(at, "own.key") };
}

/** A certificate of the authority in `at`, for the right names, that ended years ago. */
async function makeOutdated(at: string): Promise<{ certFile: string; keyFile: string }> {
  const config = `
[ca]
default_ca = authority
[authority]
database = ${join(at, "index")}
new_certs_dir = ${at}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = server
copy_extensions = none
[any]
commonName = supplied
[server]
subjectAltName = DNS:localhost,IP:127.0.0.1
`;
  await writeFile(join(at, "ca.cnf"), config);
  await writeFile(join(at, "index"), "");
  const asked =
    "ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in server.csr -out outdated.pem";
  const span = "-startdate 200101000000Z -enddate 200201000000Z";
  await promisify(execFile)("openssl", `${asked} ${span}`.split(" "), { cwd: at });
  return { certFile: join(at, "outdated.pem"), keyFile: join(at, "server.key") };
}

beforeAll(async () => {
  const home = await folder();
  const good = await makeCertificates(home);
  ca = good.ca;
  shown = {
    "signed by itself": await pairOf(await makeSelfSigned(await folder())),
    "of an authority that nobody knows": await pairOf(await makeCertificates(await folder())),
    "that is over": await pairOf(await makeOutdated(home)),
    "for another name": await pairOf(await makeCertificates(home, "DNS:other.test")),
  };
});

afterEach(async () => {
  await running?.close();
  running = null;
});

afterAll(async () => {
  for (const made of folders) await removeTempFolder(made);
  folders = [];
});

describe.each(CLIENTS)("the $name client", ({ tongue, open }) => {
  test.each(CERTIFICATES)("goes no further than to a certificate %s", async (kind) => {
    for (const way of ["starttls", "implicit"] as const) {
      running = await startHostileServer(
        { covers: [], does: "", ends: { starttls: "unreachable", without: "unreachable" } },
        tongue,
        way,
        shown[kind],
      );
      const endpoint: Endpoint = { host: "127.0.0.1", port: running.port, tls: way, ca, verify: true };
      const before = way === "starttls" ? running.heardInClear : [];
      await expect(open(endpoint)).rejects.toMatchObject({
        kind: expect.stringMatching(/^(?:source|target)-(?:unreachable|protocol)$/),
        message: expect.stringMatching(/certificate/),
      });
      expect(running.heard).toEqual(before);
      await running.close().catch(() => undefined);
      running = null;
    }
  });
});

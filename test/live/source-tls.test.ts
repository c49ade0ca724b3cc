import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, test as base, beforeAll, describe, expect } from "vitest";
import type { Finding } from "../../src/cli/finding.ts";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Domain } from "../../src/model/domain.ts";
import { openIndependentReader } from "../../src/upstream/imap/reading/independent-reader.ts";
import { openImap } from "../../src/upstream/open.ts";
import { CANARY } from "../kit/canary.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { type OldServer, startOldServer } from "../kit/old-server.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { type Commands, commandsIn } from "./commands.ts";

const ANNA = "anna@example.test";
const PASSWORD = `pw-${CANARY}`;
const OTHER_PIN = `sha256:${"0".repeat(64)}`;

let dovecot: Dovecot;
let old: OldServer;
let oldFolder: string;
/** As openssl prints it, of Dovecot's certificate. */
let fingerprint: string;

beforeAll(async () => {
  dovecot = await startDovecot({ users: { [ANNA]: PASSWORD } });
  oldFolder = await makeTempFolder("old");
  old = await startOldServer(oldFolder);
  fingerprint = new X509Certificate(await readFile(join(dovecot.folder, "server.pem"))).fingerprint256;
});

afterAll(async () => {
  old?.stop();
  await removeTempFolder(oldFolder);
  await dovecot?.stop();
});

const test = base.extend<{ imbarco: Commands }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  imbarco: async ({}, use) => {
    const folder = await makeTempFolder("srctls");
    await use(await commandsIn(folder));
    await removeTempFolder(folder);
  },
});

/** What `imbarco check` finds of the sources, by domain. */
async function sources(imbarco: Commands): Promise<Record<string, Finding>> {
  const { findings } = await imbarco.json<{ findings: Finding[] }>("check");
  const found = findings.filter(({ check }) => check === "source");
  return Object.fromEntries(found.map((finding) => [finding.subject.split(" ")[0], finding]));
}

const normalised = () => `sha256:${fingerprint.replaceAll(":", "").toLowerCase()}`;

describe("a source with TLS of old", () => {
  test("is refused with the name of the option, and accepted with it, for this domain alone", async ({
    imbarco,
  }) => {
    const source = ["--source", `localhost:${old.port}`, "--tls", "implicit", "--source-ca", old.certFile];
    for (const name of ["old.it", "other.it"]) await imbarco.run("domain", "add", name, ...source);
    const refused = await sources(imbarco);
    for (const name of ["old.it", "other.it"])
      expect(refused[name]).toMatchObject({
        status: "fail",
        message: expect.stringMatching(/TLS 1\.2.*domain set NAME --source-weak-tls/) as string,
      });

    const set = await imbarco.run("domain", "set", "old.it", "--source-weak-tls");
    expect(set).toMatchObject({ status: 0 });
    expect(set.stderr).toMatch(/Warning: old versions of TLS.*allowed toward localhost/);
    const after = await sources(imbarco);
    expect(after["old.it"]).toMatchObject({
      status: "warn",
      message: expect.stringMatching(/weak TLS/) as string,
    });
    expect(after["other.it"]?.status).toBe("fail");

    expect((await imbarco.run("domain", "show", "old.it")).stdout).toMatch(/weak TLS +allowed/);
    expect((await imbarco.run("domain", "show", "other.it")).stdout).not.toMatch(/weak/);
    expect((await imbarco.run("report", "old.it")).stderr).toMatch(/Warning: weak TLS/);
    expect(await imbarco.json("report", "old.it")).toMatchObject({ sourceWeakTls: true });
    expect(await imbarco.json("report", "other.it")).toMatchObject({ sourceWeakTls: false });

    await imbarco.run("domain", "set", "other.it", "--source", "mail.old.example", "--tls", "none");
    expect((await imbarco.run("report", "other.it")).stderr).toMatch(/Warning: .* in clear .*--tls none/);
    expect((await imbarco.run("report", "old.it")).stderr).not.toMatch(/in clear/);

    await imbarco.run("domain", "set", "old.it", "--no-source-weak-tls");
    expect((await sources(imbarco))["old.it"]?.status).toBe("fail");
  });

  test("is still checked for its certificate", async ({ imbarco }) => {
    const source = ["--source", `localhost:${old.port}`, "--tls", "implicit", "--source-weak-tls"];
    await imbarco.run("domain", "add", "old.it", ...source);
    expect((await sources(imbarco))["old.it"]).toMatchObject({
      status: "fail",
      message: expect.stringMatching(/self-signed/) as string,
    });
    await imbarco.run(
      "domain",
      "set",
      "old.it",
      "--source-fingerprint",
      new X509Certificate(old.cert).fingerprint256,
    );
    expect((await sources(imbarco))["old.it"]?.status).toBe("warn");
  });

  test("as the target is refused without a word of the option, which is for sources", async () => {
    const target = {
      host: "localhost",
      port: old.port,
      tls: "implicit",
      ca: old.cert,
      verify: true,
    } as const;
    await expect(openImap({ log: silentLog() }, "target", target)).rejects.toSatisfy(
      (error: Error) => error.message.includes("TLS 1.2") && !error.message.includes("--source-weak-tls"),
    );
  });
});

describe("a source known by its fingerprint", () => {
  test("is believed whatever else is wrong with its certificate, and no other is", async ({ imbarco }) => {
    const source = ["--source", `127.0.0.1:${dovecot.imapPort}`];
    const added = await imbarco.run("domain", "add", "a.it", ...source, "--source-fingerprint", fingerprint);
    expect(added).toMatchObject({ status: 0, stderr: "next: imbarco users import a.it FILE.csv\n" });
    expect((await imbarco.json<Domain>("domain", "show", "a.it")).source.fingerprints).toEqual([
      normalised(),
    ]);
    expect((await imbarco.run("domain", "show", "a.it")).stdout).toContain(normalised());
    expect((await sources(imbarco))["a.it"]).toMatchObject({ status: "ok" });

    await imbarco.run("domain", "set", "a.it", "--source-fingerprint", OTHER_PIN);
    const { message } = (await sources(imbarco))["a.it"] as Finding;
    expect(message).toContain(`a certificate with the fingerprint ${normalised()}`);
    expect(message).toContain("domain set NAME --source-fingerprint");

    const both = ["--source-fingerprint", OTHER_PIN, "--source-fingerprint", fingerprint];
    await imbarco.run("domain", "set", "a.it", ...both);
    expect((await sources(imbarco))["a.it"]?.status).toBe("ok");

    await imbarco.run("domain", "set", "a.it", "--source-fingerprint", "none");
    expect((await sources(imbarco))["a.it"]).toMatchObject({
      status: "fail",
      message: expect.stringMatching(/not trusted here.*--source-fingerprint/) as string,
    });
  });

  test.each(["starttls", "implicit"] as const)(
    "is read by the independent reader over %s, and another is told nothing",
    async (tls) => {
      const endpoint = { ...dovecot.endpoint(tls), ca: null };
      const how = () => {
        return {
          kind: "password",
          user: Buffer.from(ANNA),
          password: new Secret(Buffer.from(PASSWORD)),
        } as const;
      };
      const reader = await openIndependentReader(
        "source",
        { ...endpoint, fingerprints: [normalised()] },
        how(),
      );
      expect((await reader.open("INBOX")).exists).toBe(0);
      await reader.close();

      const before = await dovecot.log();
      await expect(
        openIndependentReader("source", { ...endpoint, fingerprints: [OTHER_PIN] }, how()),
      ).rejects.toMatchObject({
        kind: "source-unreachable",
        message: expect.stringContaining(normalised()) as string,
      });
      expect((await dovecot.log()).slice(before.length)).not.toMatch(/Login: user=/);
    },
  );
});

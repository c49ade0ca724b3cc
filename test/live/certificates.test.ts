import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import { checkCertificates } from "../../src/cli/check-certificates.ts";
import { type Finding, reportTo } from "../../src/cli/finding.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type Certificates, makeCertificates, makeWeakCertificate } from "../kit/certs.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const DAY_MS = 86_400_000;

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  folder: async ({}, use) => {
    const folder = await makeTempFolder("certs");
    await use(folder);
    await removeTempFolder(folder);
  },
});

/** A configuration with a certificate for everybody and one for names. */
async function configWith(folder: string, all: Certificates, other?: Certificates, names = ["mail.it"]) {
  const pair = ({ certFile, keyFile }: Certificates) => ({ certFile, keyFile });
  const file = join(folder, "imbarco.yaml");
  const written = {
    hostname: "mail.example.it",
    roles: ["copier"],
    tls: { ...pair(all), ...(other ? { sni: [{ names, ...pair(other) }] } : {}) },
    target: { imap: { host: "127.0.0.1" }, provision: { kind: "none" } },
  };
  await writeFile(file, JSON.stringify(written));
  return file;
}

function check(config: Config, inDays = 0): Finding[] {
  const findings: Finding[] = [];
  checkCertificates(config, { now: () => Date.now() + inDays * DAY_MS }, reportTo(findings, "certificate"));
  return findings;
}

test("certificates by name come with their contents, names in A-labels", async ({ folder }) => {
  const pair = await makeCertificates(folder, "DNS:mail.example.it");
  const file = await configWith(folder, pair, pair, ["MAIL.It", "*.München.example"]);
  const { config } = await loadConfig(file);
  expect(config.tls?.sni).toMatchObject([
    {
      names: ["mail.it", "*.xn--mnchen-3ya.example"],
      certFile: pair.certFile,
      cert: await readFile(pair.certFile, "utf8"),
    },
  ]);
});

test("a certificate that TLS does not take is an error of the configuration, with its file and what to do", async ({
  folder,
}) => {
  const good = await makeCertificates(folder);
  const weak = await makeWeakCertificate(folder);
  for (const file of [await configWith(folder, weak), await configWith(folder, good, weak)])
    await expect(loadConfig(file)).rejects.toThrow(
      /certFile: .*weak\.pem has a certificate .*RSA key of 1024 bits.*get a new/,
    );
});

test("certificate and key that do not belong together are told apart, by name too", async ({ folder }) => {
  const one = await makeCertificates(folder);
  const other = await makeCertificates(await makeTempFolder("other"));
  const mixed = { ...one, keyFile: other.keyFile };
  await expect(loadConfig(await configWith(folder, one, mixed))).rejects.toThrow(
    /tls\.sni\[0\]\.keyFile: .*is not the key of the certificate/,
  );
  await removeTempFolder(join(other.keyFile, ".."));
});

test("check warns two weeks before the end, and fails after it", async ({ folder }) => {
  const { config } = await loadConfig(
    await configWith(folder, await makeCertificates(folder, "DNS:mail.example.it")),
  );
  expect(check(config)).toMatchObject([{ status: "ok" }]);
  expect(check(config, 20)).toMatchObject([
    { status: "warn", message: expect.stringMatching(/ends in 1\d days/) as string },
  ]);
  expect(check(config, 32)).toMatchObject([
    { status: "fail", message: expect.stringMatching(/ended on/) as string },
  ]);
  expect(check(config, -2)).toMatchObject([
    { status: "fail", message: expect.stringMatching(/not valid before/) as string },
  ]);
});

test("check warns of names that their certificate does not cover", async ({ folder }) => {
  const pair = await makeCertificates(folder, "DNS:mail.example.it,DNS:*.wild.it");
  const names = ["mail.example.it", "a.wild.it", "*.wild.it", "a.b.wild.it", "*.example.it", "other.it"];
  const { config } = await loadConfig(await configWith(folder, pair, pair, names));
  expect(check(config)).toMatchObject([
    { status: "ok", subject: pair.certFile },
    {
      status: "warn",
      message: expect.stringMatching(
        /not for a\.b\.wild\.it, \*\.example\.it, other\.it but for mail\.example\.it, \*\.wild\.it/,
      ) as string,
    },
  ]);
});

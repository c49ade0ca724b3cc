import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import type { SealContext } from "../../../src/vault/seal-context.ts";
import { openVault } from "../../../src/vault/vault.ts";
import { VaultError } from "../../../src/vault/vault-error.ts";
import { makeTempFolder, removeTempFolder } from "../../kit/temp-folder.ts";

const BIND: SealContext = { address: "x@a.it", use: "source", host: "mail.a.it", login: "x" };

const test = base.extend<{ keyFile: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  keyFile: async ({}, use) => {
    const folder = await makeTempFolder("vault");
    await use(join(folder, "keys", "master.key"));
    await removeTempFolder(folder);
  },
});

function secretOf(text: string): Secret {
  return new Secret(Buffer.from(text, "latin1"));
}

function keyLine(id: string): string {
  return `imbarco-key-v1 ${id} ${randomBytes(32).toString("base64")}\n`;
}

test("any octets come back as they were sealed, from an empty password to a long one", async ({
  keyFile,
}) => {
  const vault = await openVault(keyFile);
  for (const octets of [
    Buffer.alloc(0),
    Buffer.from('p\xe4ss\0"\\%', "latin1"),
    randomBytes(62),
    randomBytes(63),
    randomBytes(5000),
  ]) {
    expect(vault.unseal(vault.seal(new Secret(Buffer.from(octets)), BIND), BIND).reveal()).toEqual(octets);
  }
});

test("the same password sealed twice gives different octets of the same length as other passwords", async ({
  keyFile,
}) => {
  const vault = await openVault(keyFile);
  const [first, second, third] = ["secret", "secret", "a longer one"].map((text) =>
    vault.seal(secretOf(text), BIND),
  );
  expect(first?.equals(second as Buffer)).toBe(false);
  expect(first?.length).toBe(third?.length);
  expect(first?.includes("secret")).toBe(false);
});

test("a sealed password opens for its own account, use, host and login only", async ({ keyFile }) => {
  const vault = await openVault(keyFile);
  const sealed = vault.seal(secretOf("secret"), BIND);
  const others: Partial<SealContext>[] = [
    { address: "y@a.it" },
    { use: "target" },
    { host: "evil.it" },
    { login: "y" },
  ];
  for (const other of others) expect(() => vault.unseal(sealed, { ...BIND, ...other })).toThrow(VaultError);
  // Parts carry their length: moving an octet from one to its neighbour is another context.
  expect(() => vault.unseal(sealed, { ...BIND, host: "mail.a.itx", login: "" })).toThrow(VaultError);
});

test("every changed or missing octet is noticed, with the account's name and what to do", async ({
  keyFile,
}) => {
  const vault = await openVault(keyFile);
  const sealed = vault.seal(secretOf("secret"), BIND);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => vault.unseal(changed, BIND)).toThrow(/x@a\.it.*log in again/);
    expect(() => vault.unseal(sealed.subarray(0, at), BIND)).toThrow(VaultError);
  }
});

test("the key file is made once, private, with nothing left beside it, even by many at once", async ({
  keyFile,
}) => {
  const vaults = await Promise.all(Array.from({ length: 5 }, () => openVault(keyFile)));
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(keyFile, ".."))).toEqual(["master.key"]);
  expect(await readFile(keyFile, "utf8")).toMatch(/^imbarco-key-v1 [a-z0-9-]+ [A-Za-z0-9+/]{43}=\n$/);
  const sealed = vaults[0]?.seal(secretOf("secret"), BIND) as Buffer;
  for (const vault of vaults) expect(vault.unseal(sealed, BIND).reveal().toString()).toBe("secret");
});

test("the last key of the file seals, the earlier ones still open", async ({ keyFile }) => {
  const old = await openVault(keyFile);
  const sealed = old.seal(secretOf("secret"), BIND);
  const first = await readFile(keyFile, "utf8");
  await writeFile(keyFile, `# kept\n\n${first}${keyLine("second")}`);
  const both = await openVault(keyFile);
  expect(both.unseal(sealed, BIND).reveal().toString()).toBe("secret");
  const anew = both.seal(secretOf("secret"), BIND);
  expect(() => old.unseal(anew, BIND)).toThrow(/needs the master key "second"/);
  await writeFile(keyFile, keyLine("second"));
  expect(() => old.unseal(both.seal(secretOf("x"), BIND), BIND)).toThrow(VaultError);
  await expect(openVault(keyFile).then((vault) => vault.unseal(anew, BIND))).rejects.toThrow(VaultError);
});

test("a key file that others may read is refused", async ({ keyFile }) => {
  await openVault(keyFile);
  await chmod(keyFile, 0o640);
  await expect(openVault(keyFile)).rejects.toThrow(/others may read.*mode 640.*chmod 600/);
});

test("a key file that is damaged is refused, with the line, and never replaced", async ({ keyFile }) => {
  await mkdir(join(keyFile, ".."));
  const twice = keyLine("a");
  const cases: [string, RegExp][] = [
    ["", /holds no key/],
    [`${keyLine("a")}imbarco-key-v1 b AAAA\n`, /line 2 .* is not a key/],
    [twice + twice, /two keys named a/],
  ];
  for (const [content, message] of cases) {
    await writeFile(keyFile, content, { mode: 0o600 });
    await expect(openVault(keyFile)).rejects.toThrow(message);
    expect(await readFile(keyFile, "utf8")).toBe(content);
  }
});

test("a secret for another purpose is the same in every process, differs by purpose and key, and tells nothing of the key", async ({
  keyFile,
}) => {
  const vault = await openVault(keyFile);
  const tickets = vault.secretFor("session tickets");
  expect(tickets.length).toBe(32);
  expect((await openVault(keyFile)).secretFor("session tickets").equals(tickets)).toBe(true);
  expect(vault.secretFor("something else").equals(tickets)).toBe(false);
  expect(await readFile(keyFile, "utf8")).not.toContain(tickets.reveal().toString("base64"));
});

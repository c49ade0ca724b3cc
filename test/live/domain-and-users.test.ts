import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import type { Account } from "../../src/model/account.ts";
import { openVault } from "../../src/vault/vault.ts";
import { CANARY } from "../kit/canary.ts";
import { makeCertificates } from "../kit/certs.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { type Commands, commandsIn } from "./commands.ts";

const test = base.extend<{ imbarco: Commands }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  imbarco: async ({}, use) => {
    const folder = await makeTempFolder("cmd");
    await use(await commandsIn(folder));
    await removeTempFolder(folder);
  },
});

test("a domain is added, shown, changed, opened, closed and removed", async ({ imbarco }) => {
  const added = await imbarco.run(
    "domain",
    "add",
    "Example.it",
    "--source",
    "mail.example.it",
    "--login",
    "localpart",
  );
  expect(added).toMatchObject({ status: 0, stderr: "next: imbarco users import example.it FILE.csv\n" });
  expect(await imbarco.run("domain", "add", "example.it", "--source", "other.example.it")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is there already; "imbarco domain set example.it" changes it') as string,
  });
  expect(await imbarco.json("domain", "show", "example.it")).toMatchObject({
    name: "example.it",
    state: "preparing",
    source: { host: "mail.example.it", port: 143, tls: "starttls", ca: null, verify: true },
    login: "localpart",
    accounts: { waiting: 0 },
  });
  const { ca, caFile } = await makeCertificates(imbarco.folder);
  const set = [
    "--tls",
    "implicit",
    "--source-ca",
    caFile,
    "--cutover-mx",
    "mx.new.eu=10",
    "--cutover-txt",
    "v=spf1 -all",
  ];
  expect(await imbarco.json("domain", "set", "example.it", ...set)).toMatchObject({
    source: { host: "mail.example.it", port: 993, tls: "implicit", ca: `${ca.trim()}\n` },
    cutover: { mx: [{ priority: 10, host: "mx.new.eu" }], txt: ["v=spf1 -all"] },
  });
  expect(await imbarco.json("domain", "enable", "example.it")).toMatchObject({ state: "migrating" });
  expect(await imbarco.json("domain", "disable", "example.it")).toMatchObject({ state: "preparing" });
  expect(await imbarco.json<unknown[]>("domain", "list")).toHaveLength(1);
  expect((await imbarco.run("domain", "list")).stdout).toMatch(
    /^DOMAIN .*\nexample\.it +preparing +mail\.example\.it:993/,
  );
  expect(await imbarco.json("domain", "remove", "example.it")).toEqual({
    removed: "example.it",
    accounts: 0,
  });
  expect(await imbarco.json("domain", "show", "example.it")).toMatchObject({ error: { code: "not_found" } });
});

test("no protection is possible, and said in so many words", async ({ imbarco }) => {
  const clear = await imbarco.run("domain", "add", "a.it", "--source", "mail.a.it", "--tls", "none");
  expect(clear).toMatchObject({ status: 0, stderr: expect.stringContaining("in clear") as string });
  const any = await imbarco.run("domain", "add", "b.it", "--source", "mail.b.it", "--accept-any-certificate");
  expect(any).toMatchObject({ status: 0, stderr: expect.stringContaining("any certificate") as string });
  expect(await imbarco.run("domain", "add", "c.it")).toMatchObject({ status: 2 });
});

test("a file is imported, bad lines are reported, and importing it again changes nothing", async ({
  imbarco,
}) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  const file = await imbarco.file(
    "users.csv",
    `address;source_login;name;password\nMario@Example.it;mario;"Rossi; Mario";${CANARY}\nbad@other.it;;;\nluigi@example.it;;;\nmario@example.it;;;\n`,
  );
  const rejected = [{ line: 3, value: "bad@other.it", reason: "it belongs to other.it, not to example.it" }];
  const strict = await imbarco.run("users", "import", "example.it", file, "--strict", "--json");
  expect(strict.status).toBe(1);
  expect(JSON.parse(strict.stdout)).toEqual({ created: 0, existing: 0, twice: 0, rejected });
  const rehearsal = await imbarco.json("users", "import", "example.it", file, "--dry-run");
  expect(rehearsal).toEqual({ created: 2, existing: 0, twice: 1, rejected });
  expect(await imbarco.json("users", "list", "example.it")).toEqual([]);
  expect(await readFile(join(imbarco.folder, "passwd"), "utf8")).toBe("");

  const first = await imbarco.run("users", "import", "example.it", file);
  expect(first.status).toBe(0);
  expect(first.stdout).toContain("2 accounts created, 0 there already, 1 twice in the file, 1 line rejected");
  expect(first.stderr).toContain("Passwords in an import are not kept");
  expect(first.stderr).toContain("next: imbarco domain enable example.it");
  const rows = await readFile(join(imbarco.folder, "passwd"), "utf8");
  expect(rows).toMatch(/^mario@example\.it:\{CRYPT\}\*:.*\nluigi@example\.it:\{CRYPT\}\*:.*\n$/);
  expect(await imbarco.json("users", "import", "example.it", file)).toEqual({
    created: 0,
    existing: 2,
    twice: 1,
    rejected,
  });
  expect(await readFile(join(imbarco.folder, "passwd"), "utf8")).toBe(rows);
  expect(await imbarco.json("users", "show", "MARIO@example.it")).toMatchObject({
    state: "waiting",
    sourceLogin: "mario",
  });
  expect(rows + (await readFile(join(imbarco.folder, "data/imbarco.db"), "latin1"))).not.toContain(CANARY);
});

test("a file without one good line, or that cannot be read, is a failure", async ({ imbarco }) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  const nothing = await imbarco.file("users.csv", "nobody\nnowhere\n");
  expect((await imbarco.run("users", "import", "example.it", nothing)).status).toBe(1);
  expect((await imbarco.run("users", "import", "example.it", "/nonexistent.csv")).status).toBe(2);
  const empty = await imbarco.run(
    "users",
    "import",
    "example.it",
    await imbarco.file("empty.csv", "address\n"),
  );
  expect(empty).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("empty.csv has no account") as string,
  });
  expect(empty.stderr).not.toContain("next:");
  expect((await imbarco.run("users", "import", "other.it", nothing)).status).toBe(1);
});

test("a list of tens of thousands comes as lines of JSON, and every account is in it", async ({
  imbarco,
}) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  const addresses = Array.from({ length: 12_000 }, (_, at) => `user${(at * 7919) % 12_000}@example.it`);
  const file = await imbarco.file("users.csv", addresses.join("\r\n"));
  const imported = await imbarco.json("users", "import", "example.it", file);
  expect(imported).toEqual({ created: 12_000, existing: 0, twice: 0, rejected: [] });
  const { stdout } = await imbarco.run("users", "list", "example.it", "--json");
  const listed = stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as Account).address);
  expect(listed).toEqual(addresses.toSorted());
  const report = await imbarco.json<{ accounts: Account[] }>("report", "example.it", "--stragglers");
  expect(report.accounts).toHaveLength(12_000);
  const csv = await imbarco.run("report", "example.it", "--format", "csv");
  expect(csv.stdout.trimEnd().split("\n")).toHaveLength(12_001);
});

test("the report tells stragglers from the others, and a removed account is gone from the target's list", async ({
  imbarco,
}) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  expect(await imbarco.json("users", "add", "a@example.it", "b@example.it")).toEqual({
    created: 2,
    existing: 0,
    rejected: [],
  });
  const store = imbarco.openStore();
  await store.accounts.apply("a@example.it", { kind: "captured" }, new Date().toISOString());
  await store.close();
  expect(await imbarco.json("report", "example.it", "--stragglers")).toMatchObject({
    domain: "example.it",
    state: "preparing",
    counts: { waiting: 1, captured: 1 },
    accounts: [{ address: "b@example.it", state: "waiting" }],
  });
  expect((await imbarco.run("report", "example.it", "--attention")).stdout).toContain("Nothing needs a hand");
  expect((await imbarco.run("users", "remove", "a@example.it")).status).toBe(2);
  expect((await imbarco.run("users", "remove", "a@example.it", "--yes")).status).toBe(0);
  expect((await imbarco.run("users", "remove", "b@example.it")).status).toBe(0);
  expect(await readFile(join(imbarco.folder, "passwd"), "utf8")).toBe("");
  expect((await imbarco.run("users", "show", "a@example.it")).status).toBe(1);
});

test("kept passwords move with a domain whose source or login names change", async ({ imbarco }) => {
  await imbarco.run("domain", "add", "example.it", "--source", "old.example.it");
  await imbarco.run("users", "add", "a@example.it");
  const vault = await openVault(join(imbarco.folder, "master.key"));
  const bind = {
    address: "a@example.it",
    use: "source",
    host: "old.example.it",
    login: "a@example.it",
  } as const;
  const store = imbarco.openStore();
  const sealedSource = vault.seal(new Secret(Buffer.from(CANARY)), bind);
  await store.accounts.putCredentials("a@example.it", { verifier: "v", sealedSource, sealedTarget: null });
  const set = await imbarco.run(
    "domain",
    "set",
    "example.it",
    "--source",
    "new.example.it",
    "--login",
    "localpart",
  );
  expect(set.status).toBe(0);
  const sealed = (await store.accounts.getCredentials("a@example.it"))?.sealedSource as Buffer;
  expect(
    vault
      .unseal(sealed, { ...bind, host: "new.example.it", login: "a" })
      .reveal()
      .toString(),
  ).toBe(CANARY);

  // Without the key nothing can be sealed anew, so the domain stays as it is.
  await writeFile(
    join(imbarco.folder, "master.key"),
    `imbarco-key-v1 other ${Buffer.alloc(32).toString("base64")}\n`,
  );
  const refused = await imbarco.run("domain", "set", "example.it", "--source", "third.example.it");
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("a@example.it needs the master key") as string,
  });
  expect((await store.domains.get("example.it"))?.source.host).toBe("new.example.it");
  await store.close();
});

test("a finalized domain can neither be opened again nor take accounts or another source", async ({
  imbarco,
}) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  const store = imbarco.openStore();
  await store.domains.update("example.it", { state: "finalized" });
  await store.close();
  const file = await imbarco.file("users.csv", "a@example.it\n");
  for (const args of [
    ["domain", "enable", "example.it"],
    ["domain", "disable", "example.it"],
    ["domain", "set", "example.it", "--source", "other.example.it"],
    ["users", "add", "a@example.it"],
    ["users", "import", "example.it", file],
  ])
    expect(await imbarco.json(...args)).toMatchObject({ error: { code: "finalized" } });
  expect((await imbarco.run("domain", "set", "example.it", "--cutover-mx", "mx.new.eu")).status).toBe(0);
});

test("a passwd-file that cannot be written is said, with what to do, and nothing is half removed", async ({
  imbarco,
}) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  await imbarco.run("users", "add", "a@example.it");
  await rm(join(imbarco.folder, "passwd"));
  await mkdir(join(imbarco.folder, "passwd"));
  const added = await imbarco.json("users", "add", "b@example.it");
  expect(added).toMatchObject({ error: { code: "provision_failed", hint: expect.any(String) as string } });
  expect((await imbarco.run("users", "remove", "a@example.it")).status).toBe(1);
  expect(await imbarco.json("users", "show", "a@example.it")).toMatchObject({ state: "waiting" });
});

test("a place that cannot hold the database is named", async ({ imbarco }) => {
  await imbarco.file("data", "this is no folder");
  const { status, stderr } = await imbarco.run("domain", "list");
  expect(status).toBe(1);
  expect(stderr).toContain(`the database ${join(imbarco.folder, "data/imbarco.db")} cannot be opened`);
});

test("a domain with accounts is removed only after a yes", async ({ imbarco }) => {
  await imbarco.run("domain", "add", "example.it", "--source", "mail.example.it");
  await imbarco.run("users", "add", "a@example.it");
  expect(await imbarco.json("domain", "remove", "example.it")).toMatchObject({
    error: { code: "confirmation" },
  });
  expect(await imbarco.json("domain", "remove", "example.it", "--yes")).toEqual({
    removed: "example.it",
    accounts: 1,
  });
});

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import { checkProvision, checkStore } from "../../../src/cli/check-machine.ts";
import { type Finding, reportTo } from "../../../src/cli/finding.ts";
import type { Config } from "../../../src/config/config.ts";
import { makeTempFolder, removeTempFolder } from "../../kit/temp-folder.ts";

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  folder: async ({}, use) => {
    const folder = await makeTempFolder("chk");
    await use(folder);
    await removeTempFolder(folder);
  },
});

async function provisionInto(path: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const config = { target: { provision: { kind: "passwd-file", path } } } as unknown as Config;
  await checkProvision(config, reportTo(findings, "provision"));
  return findings;
}

test("a passwd-file that is not there needs its folder, which is not made for it", async ({ folder }) => {
  expect(await provisionInto(join(folder, "passwd"))).toMatchObject([{ status: "ok" }]);
  expect(await provisionInto(join(folder, "dovecot/passwd"))).toMatchObject([
    {
      status: "fail",
      message: `the folder ${join(folder, "dovecot")} is not there: make it, or correct target.provision.path`,
    },
  ]);
});

test("a folder where the passwd-file should be is no passwd-file", async ({ folder }) => {
  await mkdir(join(folder, "passwd"));
  expect(await provisionInto(join(folder, "passwd"))).toMatchObject([
    { status: "fail", message: expect.stringContaining("is a folder") as string },
  ]);
});

test("a store that cannot be looked for is not called absent", async ({ folder }) => {
  await writeFile(join(folder, "data"), "");
  const findings: Finding[] = [];
  const config = { store: { kind: "sqlite", path: join(folder, "data/imbarco.db") } } as unknown as Config;
  expect(await checkStore(config, reportTo(findings, "store"))).toBe(false);
  expect(findings).toMatchObject([{ status: "fail", message: expect.stringContaining("ENOTDIR") as string }]);
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rebuildConfig } from "../../src/config/build.ts";
import type { WrittenConfig } from "../../src/config/schema.ts";
import type { CopyDeps } from "../../src/copy/deps.ts";
import { createGovernor } from "../../src/copy/governor/governor.ts";
import { copyNow } from "../../src/copy/now.ts";
import { workerOwner } from "../../src/copy/owner.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { createLog } from "../../src/log/log.ts";
import { setV8For } from "../../src/process/v8-settings.ts";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { openVault } from "../../src/vault/vault.ts";
import { type CopyJob, readJob, reportOn } from "./job.ts";

/**
 * imbarco's copier under measurement: one pass over one account, by the same parts as in the copier process of `imbarco serve`, which gets its configuration checked.
 * `prepare-imbarco.ts` has captured the account. The copy that the job wants before is made before the clock starts.
 */
setV8For(["copier"]);
const job = await readJob();
const deps = await openDeps();
if (job.before) await copy(job.before);
await reportOn(() => copy(job));
await deps.store.close();

async function openDeps(): Promise<CopyDeps> {
  const written = JSON.parse(await readFile(join(job.folder, "written.json"), "utf8")) as WrittenConfig;
  const config = await rebuildConfig(join(job.folder, "imbarco.yaml"), written);
  const database = openDatabase(config.store.path);
  const log = createLog({ level: "warn", stream: process.stderr });
  const parts = { store: sqliteStore(database), clock: systemClock, log, owner: workerOwner() };
  return {
    ...parts,
    queue: sqliteQueue(database),
    vault: await openVault(config.keyFile),
    target: config.target,
    copy: config.copy,
    governor: createGovernor({ ...parts, copy: config.copy }),
  };
}

async function copy({ target }: CopyJob): Promise<void> {
  const outcome = await copyNow(deps, target.user);
  if (outcome.kind === "failed") throw outcome.failure;
  if (outcome.kind !== "done" || outcome.refused > 0)
    throw new Error(`the pass ended as ${JSON.stringify(outcome)}`);
}

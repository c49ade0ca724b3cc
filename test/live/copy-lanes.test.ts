import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CopyDeps } from "../../src/copy/deps.ts";
import type { Permit } from "../../src/copy/governor/governor.ts";
import { copyNow } from "../../src/copy/now.ts";
import { type Copying, startCopying } from "../kit/copying.ts";

const exec = promisify(execFile);

/** Three windows and a bit: one lane has two of them, another one comes to help. */
const MANY = 20_000;
/** Two windows: nobody would help with the second. */
const FEW = 8_000;

/** Puts a folder of many small messages where Dovecot keeps them: by APPEND it would take minutes. */
async function layDown(copying: Copying, user: string, count: number, name = ".Work"): Promise<void> {
  const mail = join(copying.source.folder, "mail", copying.address(user), "mail");
  const folder = join(mail, name);
  for (const path of [join(folder, "cur"), join(folder, "new"), join(folder, "tmp")])
    await mkdir(path, { recursive: true });
  for (let at = 0; at < count; at += 1) {
    const file = `${1_000_000_000 + at}.M1P1.old:2,S`;
    await writeFile(join(folder, "cur", file), `Message-ID: <${at}@example.test>\n\nx\n`, { mode: 0o666 });
  }
  await exec("chown", ["-R", "20025:20025", join(copying.source.folder, "mail", copying.address(user))]);
}

/** The dependencies with a governor that takes a further pair of connections away when it is told to. */
function withSpareLane(deps: CopyDeps): { deps: CopyDeps; takeAway: () => void } {
  let isTaken = false;
  const tryPermit: CopyDeps["governor"]["tryPermit"] = async (...args) => {
    const permit = await deps.governor.tryPermit(...args);
    if (permit === null) return null;
    const spare: Permit = {
      ...permit,
      get isOverdrawn() {
        return isTaken;
      },
    };
    return spare;
  };
  const governor = new Proxy(deps.governor, {
    get: (target, name) => {
      if (name === "tryPermit") return tryPermit;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { deps: { ...deps, governor }, takeAway: () => void (isTaken = true) };
}

describe("lanes that share one large folder", () => {
  let copying: Copying;

  beforeAll(async () => {
    copying = await startCopying({ users: ["anna", "bruno", "carla"] });
    await layDown(copying, "anna", MANY);
    await layDown(copying, "bruno", MANY);
    await layDown(copying, "carla", FEW);
    await layDown(copying, "carla", 100, "");
  });

  afterAll(() => copying?.stop());

  async function entriesOf(user: string) {
    const work = (await copying.ledger(user)).find(({ source }) => source === "Work");
    return work?.entries.toSorted((a, b) => a.sourceUid - b.sourceUid) ?? [];
  }

  it("leave no window to nobody when one of them must go", async () => {
    const { deps, takeAway } = withSpareLane(copying.deps);
    const onBatch = () => {
      if (copying.logged.some((line) => line.includes("helps with a large folder"))) takeAway();
    };
    await copyNow({ ...deps, onBatch }, copying.address("anna"));
    await copying.pass("anna");
    expect(copying.logged.some((line) => line.includes("helps with a large folder"))).toBe(true);
    expect(await entriesOf("anna")).toHaveLength(MANY);
  });

  it("keep the order of arrival where that is asked for", async () => {
    const deps = { ...copying.deps, copy: { ...copying.deps.copy, order: "oldest-first" as const } };
    await copyNow(deps, copying.address("bruno"));
    const targetUids = (await entriesOf("bruno")).map(({ targetUid }) => targetUid ?? 0);
    expect(targetUids).toHaveLength(MANY);
    expect(targetUids.filter((uid, at) => uid <= (targetUids[at - 1] ?? 0))).toEqual([]);
  });

  it("take over what another one has left, also when they were done before", async () => {
    // In this order nobody helps with a folder that somebody has.
    const inOrder = { ...copying.deps, copy: { ...copying.deps.copy, order: "oldest-first" as const } };
    const { deps, takeAway } = withSpareLane(inOrder);
    const onBatch = async () => {
      if ((await entriesOf("carla")).length > 0) takeAway();
    };
    const outcome = await copyNow({ ...deps, onBatch: () => void onBatch() }, copying.address("carla"));
    expect(outcome).toEqual({ kind: "done", copied: FEW + 100, refused: 0 });
  });
});

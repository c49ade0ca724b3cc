import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeSettings } from "../../src/process/node-settings.ts";
import type { CopyJob } from "./job.ts";
import { doveadm } from "./peers/doveadm.ts";
import { imapsync } from "./peers/imapsync.ts";
import { mbsync } from "./peers/mbsync.ts";
import { prepareImbarco } from "./prepare-imbarco.ts";

/** Who takes part. */
export interface Contestant {
  readonly name: string;
  /** `limit`: not a copier but a part of its work, or a copier without any promise. */
  readonly kind: "imbarco" | "peer" | "limit";
  /** Whether a second run over the same mailbox means anything. */
  readonly remembers: boolean;
  /** Whether the target holds a copy afterwards. */
  readonly copies: boolean;
  /** Whether its process copies another account first, which is not measured. */
  readonly rehearses: boolean;
  /** A slow one is run once, whatever was asked for. */
  readonly once: boolean;
  /** Reason why it cannot take part here; `null` = it can. */
  absence(): string | null;
  /** What to start for a job; writes the configuration that it needs. */
  command(job: CopyJob, targetConfig: string): Promise<readonly string[]>;
}

/** With what `imbarco serve` starts the process that copies. */
const { options, environment } = nodeSettings(["copier"], [], {});
const AS_SERVE = [
  "env",
  ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  process.execPath,
  ...options,
];

/** A program of this folder, which is told its job by a file. */
function own(
  program: string,
  node = [process.execPath],
  prepare?: (job: CopyJob) => Promise<void>,
): Pick<Contestant, "absence" | "command"> {
  return {
    absence: () => null,
    command: async (job) => {
      await prepare?.(job);
      const file = join(job.folder, "job.json");
      await writeFile(file, JSON.stringify(job), { mode: 0o600 });
      return [...node, join(import.meta.dirname, program), file];
    },
  };
}

function installed(
  program: string,
  command: (job: CopyJob, targetConfig: string) => readonly string[] | Promise<readonly string[]>,
): Pick<Contestant, "absence" | "command"> {
  const folders = (process.env["PATH"] ?? "").split(":");
  return {
    absence: () =>
      folders.some((folder) => existsSync(join(folder, program))) ? null : `${program} is not installed`,
    command: async (job, targetConfig) => command(job, targetConfig),
  };
}

const COPIER = { copies: true, once: false, remembers: true, rehearses: false };

/** In the order of the table. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    name: "imbarco",
    kind: "imbarco",
    ...COPIER,
    rehearses: true,
    ...own("run-imbarco.ts", AS_SERVE, prepareImbarco),
  },
  { name: "imbarco-first", kind: "imbarco", ...COPIER, ...own("run-imbarco.ts", AS_SERVE, prepareImbarco) },
  { name: "mbsync", kind: "peer", ...COPIER, ...installed("mbsync", mbsync) },
  { name: "doveadm", kind: "peer", ...COPIER, ...installed("doveadm", doveadm) },
  {
    name: "imapflow",
    kind: "peer",
    ...COPIER,
    remembers: false,
    once: true,
    ...own("peers/naive-imapflow.ts"),
  },
  { name: "imapsync", kind: "peer", ...COPIER, once: true, ...installed("imapsync", imapsync) },
  {
    name: "bare-pipe",
    kind: "limit",
    ...COPIER,
    remembers: false,
    rehearses: true,
    ...own("peers/bare-pipe.ts"),
  },
  {
    name: "fetch-alone",
    kind: "limit",
    ...COPIER,
    remembers: false,
    copies: false,
    ...own("peers/fetch-alone.ts"),
  },
  { name: "append-alone", kind: "limit", ...COPIER, remembers: false, ...own("peers/append-alone.ts") },
];

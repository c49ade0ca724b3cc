import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Part of every password in the live tests, so that one search finds any that leaked. */
export const CANARY = "kanarie-7d1f";

/** The canary as it would look in clear, in hexadecimal, and in base64 at each of the three alignments. */
const FORMS: readonly Buffer[] = [
  Buffer.from(CANARY),
  Buffer.from(Buffer.from(CANARY).toString("hex")),
  ...[0, 1, 2].map((shift) => Buffer.from(base64Core(shift))),
];

/** The middle of the canary's base64 behind `shift` unknown octets: the part that does not depend on its neighbours. */
function base64Core(shift: number): string {
  const padded = Buffer.concat([Buffer.alloc(shift), Buffer.from(CANARY)]);
  const firstWhole = shift === 0 ? 0 : 4;
  const wholeOctets = padded.length - (padded.length % 3);
  return padded.subarray(0, wholeOctets).toString("base64").slice(firstWhole);
}

/** Whether the canary stands in these octets, in any of its forms. */
export function hasCanary(octets: Buffer | string): boolean {
  const haystack = typeof octets === "string" ? Buffer.from(octets) : octets;
  return FORMS.some((form) => haystack.includes(form));
}

/** The files below `folder` that contain the canary, but for those below `except`. */
export async function filesWithCanary(folder: string, except: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || except.some((folder) => path.startsWith(folder))) continue;
    if (hasCanary(await readFile(path))) found.push(path);
  }
  return found;
}

/** Those of these processes whose command line or environment shows the canary. */
export async function processesWithCanary(pids: readonly number[]): Promise<number[]> {
  const found = new Set<number>();
  for (const pid of pids) {
    for (const file of ["cmdline", "environ"]) {
      const octets = await readFile(`/proc/${pid}/${file}`).catch(() => Buffer.alloc(0)); // ended meanwhile
      if (hasCanary(octets)) found.add(pid);
    }
  }
  return [...found];
}

import { createHash, type Hash } from "node:crypto";
import { fetchEverything, type MessageHead } from "./fetch-everything.ts";
import type { Side } from "./job.ts";
import { Wire } from "./wire.ts";

/** How often each text was found. */
type Counts = Map<string, number>;

/** What a mailbox holds. */
export interface Inventory {
  messages: number;
  /** Folder, date, flags and keywords, contents. */
  readonly whole: Counts;
  /** Folder, date, flags and keywords. */
  readonly outside: Counts;
  /** SHA-256 of the contents. */
  readonly contents: Counts;
}

/** Reads a mailbox to its last octet. */
export async function takeInventory(side: Side): Promise<Inventory> {
  const wire = await Wire.open(side);
  const found: Inventory = { messages: 0, whole: new Map(), outside: new Map(), contents: new Map() };
  let head: MessageHead | undefined;
  let hash: Hash | undefined;
  await fetchEverything(wire, await wire.folders(), {
    onMessage: (next) => {
      head = next;
      hash = createHash("sha256");
    },
    onOctets: (octets) => hash?.update(octets),
    onMessageEnd: () => {
      if (!head || !hash) return;
      found.messages += 1;
      const contents = hash.digest("base64");
      const key = [head.folder, instantOf(head.internalDate), ...head.flags.split(" ").toSorted()].join(" ");
      add(found.outside, key);
      add(found.contents, contents);
      add(found.whole, `${key} ${contents}`);
    },
  });
  await wire.close();
  return found;
}

function add(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Both servers may write the same moment in different zones. */
function instantOf(internalDate: string): number {
  return Date.parse(internalDate.trim().replace(/-(\w+)-/, " $1 "));
}

/** In a few words how a copy differs from its source; `null` = it is exact. */
export function differenceOf(source: Inventory, target: Inventory): string | null {
  if (target.messages !== source.messages) return `${target.messages} of ${source.messages} messages`;
  if (missing(source.whole, target.whole) === 0) return null;
  const altered = missing(source.contents, target.contents);
  const outside = missing(source.outside, target.outside);
  return `contents altered: ${altered}; flags, keywords, date or folder: ${outside}`;
}

function missing(expected: Counts, found: Counts): number {
  let count = 0;
  for (const [key, times] of expected) count += Math.max(0, times - (found.get(key) ?? 0));
  return count;
}

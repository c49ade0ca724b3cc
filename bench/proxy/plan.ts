import { parseArgs } from "node:util";
import { CONTESTANTS, type Contestant } from "./contestants.ts";

/** One thing that is measured of every contestant. */
export type Cell =
  | {
      readonly kind: "logins";
      readonly tls: boolean;
      readonly clients: number;
      /** Whether clients come back with a session ticket. */
      readonly resume: boolean;
    }
  | { readonly kind: "relay"; readonly tls: boolean; readonly direction: "down" | "up" }
  | { readonly kind: "noop"; readonly tls: boolean }
  | { readonly kind: "idle"; readonly tls: boolean };

/** How much is done of each. */
export interface Sizes {
  readonly accounts: number;
  /** How long one run of a cell takes, the relays' apart. */
  readonly runMs: number;
  /** How long each contestant logs people in beforehand, in clear and again over TLS. */
  readonly warmMs: number;
  readonly relayMs: number;
  /** One message of a relay. */
  readonly messageOctets: number;
  readonly idleSessions: number;
  /** Of the soak. */
  readonly soakMs: number;
  readonly soakLoginsPerSecond: number;
}

export interface Plan {
  readonly mode: "table" | "soak";
  readonly cells: readonly Cell[];
  readonly contestants: readonly Contestant[];
  readonly runs: number;
  readonly sizes: Sizes;
  /** Whether the table goes into docs/benchmarks.md. */
  readonly write: boolean;
  /** Whether the sizes are those of a real measurement. */
  readonly isWhole: boolean;
}

const WHOLE: Sizes = {
  accounts: 50,
  runMs: 1_500,
  warmMs: 8_000,
  relayMs: 800,
  messageOctets: 64 * 1024 * 1024,
  idleSessions: 5_000,
  soakMs: 60_000,
  soakLoginsPerSecond: 200,
};

const QUICK: Sizes = {
  accounts: 4,
  runMs: 200,
  warmMs: 200,
  relayMs: 100,
  messageOctets: 4 * 1024 * 1024,
  idleSessions: 100,
  soakMs: 5_000,
  soakLoginsPerSecond: 20,
};

/** In the order of the table. */
export const CELLS: readonly Cell[] = [
  { kind: "logins", tls: false, clients: 1, resume: false },
  { kind: "logins", tls: false, clients: 10, resume: false },
  { kind: "logins", tls: false, clients: 50, resume: false },
  { kind: "logins", tls: true, clients: 1, resume: false },
  { kind: "logins", tls: true, clients: 10, resume: false },
  { kind: "logins", tls: true, clients: 10, resume: true },
  { kind: "relay", tls: false, direction: "down" },
  { kind: "relay", tls: true, direction: "down" },
  { kind: "relay", tls: false, direction: "up" },
  { kind: "relay", tls: true, direction: "up" },
  { kind: "noop", tls: false },
  { kind: "noop", tls: true },
  { kind: "idle", tls: false },
  { kind: "idle", tls: true },
];

const KINDS = ["logins", "relay", "noop", "idle"] as const;

export const USAGE = `npm run bench:proxy -- [options]

  --only logins,relay     ${KINDS.join(", ")}
  --who imbarco,nginx     ${CONTESTANTS.map(({ name }) => `"${name}"`).join(", ")}
  --runs 3                runs of each; the table holds medians
  --quick                 one short run of each: to see that everything works
  --soak                  instead of the table: 5,000 idle TLS sessions and 200 logins a second for a minute
  --write                 puts the table into docs/benchmarks.md
`;

/** Reads the options. @throws with what is wrong */
export function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", default: KINDS.join(",") },
      who: { type: "string" },
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      soak: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const names = CONTESTANTS.map(({ name }) => name);
  // Some names have a comma in them.
  const who = values.who === undefined ? names : listOf("who", values.who.split(/,(?! )/), names);
  const kinds = listOf("only", values.only.split(","), KINDS);
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) throw new Error("--runs must be between 1 and 100");
  if (values.quick && values.write) throw new Error("--write is for figures of a whole run, not for --quick");
  return {
    mode: values.soak ? "soak" : "table",
    cells: CELLS.filter(({ kind }) => kinds.includes(kind)),
    contestants: CONTESTANTS.filter(({ name }) => who.includes(name)),
    runs,
    sizes: values.quick ? QUICK : WHOLE,
    write: values.write,
    isWhole: !values.quick,
  };
}

function listOf<T extends string>(option: string, words: readonly string[], allowed: readonly T[]): T[] {
  const wrong = words.find((word) => !(allowed as readonly string[]).includes(word));
  if (wrong !== undefined || words.length === 0)
    throw new Error(`--${option} ${words.join(",")}: one or more of ${allowed.join(",")}`);
  return words as T[];
}

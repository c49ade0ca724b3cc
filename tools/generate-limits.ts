// Writes docs/limits.md: every bound of a connection and a login with its reason, from the files that hold them. Run it after changing one: node tools/generate-limits.ts
import { readFileSync, writeFileSync } from "node:fs";
import { LOGIN_LIMITS } from "../src/login/limits.ts";
import { RELAY_LIMITS } from "../src/relay/limits.ts";
import { AFTER_LOGIN, BEFORE_LOGIN } from "../src/upstream/limits.ts";
import { LIMITS } from "../src/wire/limits.ts";

/** A bound's documentation in its file: the comment right above its name. */
const DOCUMENTED = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n\s*(?:readonly )?(\w+):/g;

const INTRODUCTION = `# Limits

<!-- generated from src/wire/limits.ts, src/login/limits.ts, src/relay/limits.ts and src/upstream/limits.ts by tools/generate-limits.ts, but for the section on memory, which it holds -->

Everything that comes from the network is bounded in octets, time and number, and each bound stands in one file with its reason. They are not configurable: what a mail program
in order does stays far inside them. What the copier may ask of a source is in [the configuration](configuration.md) (\`copy.*\`).
`;

const MEMORY = `## What a hostile connection costs

Measured by \`node bench/pre-login.ts --connections 300\` (2026-11-22, Node 24, x86-64 Linux): so many clients of one door send the most that is allowed to a process of their own, whose logins never
end; shown is how much its resident memory grows by, per connection.

| what the client does | in clear | inside TLS |
| --- | --- | --- |
| says nothing | 7 KB | 60 to 65 KB |
| never ends a command: IMAP, the longest | 94 KB | 176 KB |
| the same: submission, ManageSieve | 34 to 37 KB | 104 KB |
| the same: POP3 | 19 KB | 80 KB |
| sends a megabyte behind a login that is under way | 131 to 140 KB | 175 to 184 KB |
| sends 20,000 packets of one octet behind a login that is under way (8 clients) | 28 to 42 KB | 300 to 570 KB |

The bound on connections before login (\`preLoginTotal\`, over all processes) makes that 260 MB where 4,000 clients are inside TLS and silent, 740 MB where all of them flood behind logins, and
2.4 GB where all of them drip. Of a flood imbarco itself holds 16 KB and what one read of the socket brings (64 KB); Node takes one more read before it stops (\`READ_AHEAD_OCTETS\` in
src/net/listen.ts). Octets that come one by one are a piece each, at some hundred times their size: imbarco takes 64 of them, Node a thousand more, and inside TLS what one read brings, which is
2,900 records at most, 0.6 MB in all; the kernel holds the rest. A client can do either only while its login is under way, which is bounded too (\`loginFlightMs\`, and the throttles' delays).
`;

/** The whole page. */
export function limitsPage(): string {
  return [
    INTRODUCTION,
    "## A client that has not logged in\n",
    table("../src/wire/limits.ts", { "": LIMITS }),
    "## A login\n",
    table("../src/login/limits.ts", { "": LOGIN_LIMITS }),
    "## A session\n\nIt is passed on unread; what waits in between is what the sockets hold.\n",
    table("../src/relay/limits.ts", { "": RELAY_LIMITS }),
    "## A server that imbarco connects to\n\nThe second value, where there is one, is for the copier after its login.\n",
    table("../src/upstream/limits.ts", { before: BEFORE_LOGIN, after: AFTER_LOGIN }),
    MEMORY,
  ].join("\n");
}

/** The bounds of one file whose names `columns` have, with the reasons that stand in the file. */
function table(file: string, columns: Readonly<Record<string, object>>): string {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  const sets = Object.values(columns).map((set) => new Map(Object.entries(set)));
  const rows = [...text.matchAll(DOCUMENTED)].flatMap(([, comment = "", name = ""]) => {
    const values = sets.flatMap((set) => (set.has(name) ? [valueWords(name, set.get(name))] : []));
    if (values.length === 0) return [];
    const reason = comment
      .replace(/\s*\n\s*\* ?/g, " ")
      .replace(/ (?:Milliseconds|Octets)\.\s*$/, "")
      .trim();
    return [`| \`${name}\` | ${[...new Set(values)].join(", ")} | ${reason.replaceAll("|", "\\|")} |`];
  });
  return ["| name | bound | reason |", "| --- | --- | --- |", ...rows, ""].join("\n");
}

function valueWords(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => valueWords(name, one)).join(" · ");
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([key, one]) => `${key} ${valueWords(key, one)}`)
      .join("; ");
  const number = Number(value);
  if (number === Number.POSITIVE_INFINITY) return "none";
  if (name.endsWith("Ms")) return timeWords(number);
  return name.endsWith("Octets") ? `${number.toLocaleString("en")} octets` : number.toLocaleString("en");
}

function timeWords(ms: number): string {
  if (ms === 0 || ms % 1000 !== 0) return `${ms} ms`;
  const days = ms / 86_400_000;
  if (days >= 1) return `${days} days`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

if (import.meta.main) writeFileSync(new URL("../docs/limits.md", import.meta.url), limitsPage());

// Writes docs/rfc-index.md: which file cites which section of which RFC. Run it after citing one: node tools/generate-rfc-index.ts
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));
/** The one form of a citation: `RFC 9051 §6.2.3`, or the number alone for the whole document. */
const CITATION = /RFC (\d{3,5})(?: §(\d+(?:\.\d+)*|[A-Z](?:\.\d+)*))?/g;
/** Whatever looks as if somebody meant to cite one; RFC822.SIZE is a word of IMAP. */
const ATTEMPT = /\bRFC(?!822\b)[\s-]?\d+(?:,? (?:section|sec\.?|§)\s?[\w.]*)?/gi;

interface Citation {
  readonly rfc: number;
  /** `null` = the whole document. */
  readonly section: string | null;
  readonly file: string;
}

/** All citations in src, and the ones that are not in the form that the index understands, as `file: text`. */
export function readCitations(): { citations: Citation[]; malformed: string[] } {
  const citations: Citation[] = [];
  const malformed: string[] = [];
  for (const name of readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()) {
    const text = readFileSync(SRC + name, "utf8");
    for (const [, rfc, section] of text.matchAll(CITATION))
      citations.push({ rfc: Number(rfc), section: section ?? null, file: `src/${name}` });
    for (const [attempt] of text.matchAll(ATTEMPT)) {
      const sound = attempt.replace(/\.$/, "").match(CITATION)?.[0] === attempt.replace(/\.$/, "");
      if (!sound) malformed.push(`src/${name}: ${attempt}`);
    }
  }
  return { citations, malformed };
}

/** The text of docs/rfc-index.md. */
export function rfcIndex(): string {
  const { citations } = readCitations();
  const byRfc = Map.groupBy(citations, ({ rfc }) => rfc);
  const chapters = [...byRfc.entries()].sort(([a], [b]) => a - b).map(([rfc, cited]) => chapter(rfc, cited));
  const head = `# RFC index

<!-- generated from the citations in src by tools/generate-rfc-index.ts -->

Which file obeys, or bends, which section.
`;
  return [head, ...chapters].join("\n");
}

function chapter(rfc: number, cited: readonly Citation[]): string {
  const bySection = Map.groupBy(cited, ({ section }) => section ?? "");
  const rows = [...bySection.entries()]
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([section, citations]) => `| ${link(rfc, section)} | ${filesOf(citations)} |`);
  return `## RFC ${rfc}\n\n| section | cited in |\n| --- | --- |\n${rows.join("\n")}\n`;
}

function filesOf(citations: readonly Citation[]): string {
  const files = [...new Set(citations.map(({ file }) => file))];
  return files.map((file) => `[${file}](../${file})`).join(", ");
}

function link(rfc: number, section: string): string {
  const address = `https://www.rfc-editor.org/rfc/rfc${rfc}`;
  if (section === "") return `[whole](${address})`;
  return `[§${section}](${address}#${/^\d/.test(section) ? "section" : "appendix"}-${section})`;
}

if (import.meta.main) writeFileSync(new URL("../docs/rfc-index.md", import.meta.url), rfcIndex());

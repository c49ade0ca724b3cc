// Writes config/imbarco.example.yaml and docs/configuration.md from the configuration's schema.
// Run it after a change of src/config/schema.ts: node tools/generate-configuration.ts
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { type SchemaNode, schemaTree } from "../src/config/schema-tree.ts";

/** Column at which the remarks of the example start. */
const REMARK_COLUMN = 46;
const GENERATED = "generated from src/config/schema.ts by tools/generate-configuration.ts";

interface Line {
  readonly code: string;
  readonly remark: string;
  /** Written as a comment: an alternative, or something for later. */
  readonly off: boolean;
  readonly depth: number;
}

/** The text of config/imbarco.example.yaml. */
export function exampleYaml(): string {
  const head = [
    "# An example of /etc/imbarco/imbarco.yaml with every key; docs/configuration.md explains them.",
    `# This file is ${GENERATED}.`,
    "# Try yours with: imbarco check --config FILE",
  ];
  const blocks = Object.entries(schemaTree.properties ?? {}).map(([key, node]) =>
    keyLines(key, node, 0, false).map(lineText),
  );
  return `${head.join("\n")}\n${blocks.map((block) => `\n${block.join("\n")}\n`).join("")}`;
}

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const intro = `# Configuration

<!-- ${GENERATED} -->

One YAML file: \`--config FILE\`, else \`$IMBARCO_CONFIG\`, else \`/etc/imbarco/imbarco.yaml\`. It is checked in full before anything starts: every
error is listed with its line, and an unknown key is an error. \`imbarco check\` tries it against the real servers.

Secrets are never in this file but in files of their own, named by the keys that end in \`File\`; one newline at their end does not count.
Relative paths start at the folder of the configuration file. [The example](../config/imbarco.example.yaml) shows every key.
`;
  const sections = Object.entries(schemaTree.properties ?? {}).map(([key, node]) => {
    const rows = pageRows(key, node, "");
    return `## ${key}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`;
  });
  return [intro, ...sections].join("\n");
}

function keyLines(key: string, node: SchemaNode, depth: number, off: boolean): Line[] {
  const isOff = off || node.notYet === true;
  const line = (code: string, remark: string, at = depth, isOffHere = isOff): Line => ({
    code,
    remark,
    off: isOffHere,
    depth: at,
  });
  const variants = node.oneOf ?? [node];
  if (variants[0]?.properties !== undefined) {
    const shown = variants.filter(isExplained);
    const inside = shown.flatMap((variant, index) => blockLines(variant, depth + 1, isOff || index > 0));
    return [line(`${key}:`, remarkOf(node)), ...inside];
  }
  if (node.items?.properties !== undefined && !isOff) {
    const item = (value: unknown) => `- ${flow(value)}`;
    const examples = asList(node.example).map((value) => line(item(value), "", depth + 1));
    const more = asList(node.moreExamples).map((value) => line(item(value), "", depth + 1, true));
    const about = Object.entries(node.items.properties).map(([name, property]) =>
      line(`${name}:`, remarkOf(property), depth + 2, true),
    );
    return [
      line(`${key}:`, remarkOf(node)),
      ...examples,
      ...more,
      line("each of them:", "", depth + 1, true),
      ...about,
    ];
  }
  const value = valueOf(node);
  return [line(`${key}: ${value === undefined ? "…" : flow(value)}`, remarkOf(node))];
}

function blockLines(node: SchemaNode, depth: number, off: boolean): Line[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const isOptional =
      child.default === undefined && child.oneOf === undefined && !(node.required ?? []).includes(key);
    return keyLines(key, child, depth, off || (isOptional && key !== "port"));
  });
}

function lineText({ code, remark, off, depth }: Line): string {
  const text = "  ".repeat(depth) + (off ? "# " : "") + code;
  return remark === "" ? text : `${text.padEnd(REMARK_COLUMN)} # ${remark}`;
}

function remarkOf(node: SchemaNode): string {
  const words = node.enum ?? node.items?.enum;
  const parts = [
    node.description ?? "",
    words === undefined ? "" : words.join(" | "),
    node.notYet === true ? "not in this version yet" : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function pageRows(path: string, node: SchemaNode, note: string): string[][] {
  const meaning = [note, node.description ?? "", node.notYet === true ? "**not in this version yet**" : ""]
    .filter((part) => part !== "")
    .join("; ");
  const own = [`\`${path}\``, valueWords(node), defaultWords(node), meaning.replaceAll("|", "\\|")];
  const variants = node.oneOf ?? [node.items?.properties ? node.items : node];
  const prefix = node.items?.properties ? `${path}[].` : `${path}.`;
  const inner = variants.flatMap((variant) => {
    const [word, fixed] =
      Object.entries(variant.properties ?? {}).find(([, property]) => property.const !== undefined) ?? [];
    const when = word === undefined ? "" : `with \`${word}: ${flow(fixed?.const)}\``;
    return Object.entries(variant.properties ?? {}).flatMap(([key, child]) =>
      pageRows(prefix + key, child, child.const === undefined ? when : ""),
    );
  });
  return [own, ...inner];
}

function valueWords(node: SchemaNode): string {
  if (node.form !== undefined) return node.form;
  if (node.const !== undefined) return `\`${flow(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${String(word)}\``).join(", ");
  if (node.anyOf !== undefined) return node.anyOf.map(valueWords).join(", or ");
  if (node.properties !== undefined || node.oneOf !== undefined) return "block";
  if (node.items !== undefined)
    return node.items.properties ? "list of blocks" : `list of ${valueWords(node.items)}`;
  if (node.type === "integer") return `${node.minimum ?? 0} to ${node.maximum ?? "…"}`;
  const words: Record<string, string> = { boolean: "`true` or `false`", null: "`null`", string: "text" };
  return words[node.type ?? ""] ?? "";
}

function defaultWords(node: SchemaNode): string {
  if (node.default === undefined) return "";
  const text = flow(node.default);
  return text === "{}" || text === "[]" ? "" : `\`${text}\``;
}

/** A variant that only says which word selects it is of a later version. */
function isExplained(variant: SchemaNode): boolean {
  return Object.values(variant.properties ?? {}).some((property) => property.description !== undefined);
}

function valueOf(node: SchemaNode): unknown {
  return node.example ?? node.const ?? node.default;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

if (import.meta.main) {
  writeFileSync(new URL("../config/imbarco.example.yaml", import.meta.url), exampleYaml());
  writeFileSync(new URL("../docs/configuration.md", import.meta.url), configurationPage());
}

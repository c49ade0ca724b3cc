import { z } from "zod";
import { child } from "./paths.ts";
import { configSchema } from "./schema.ts";

/** The schema as plain data (JSON Schema with our own marks), for whatever must walk it: suggestions, example, reference page. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  /** What a value looks like, in words. */
  readonly form?: string;
  /** The value that documents show. */
  readonly example?: unknown;
  /** Known, and refused by this version. */
  readonly notYet?: boolean;
  /** Further values that documents show as a remark. */
  readonly moreExamples?: unknown;
}

export const schemaTree = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as SchemaNode;

/** The keys that the block at `path` may have, where `raw` is the configuration as written. */
export function knownKeys(path: readonly PropertyKey[], raw: unknown): string[] {
  let node: SchemaNode | undefined = schemaTree;
  let value = raw;
  for (const step of path) {
    node = typeof step === "number" ? node?.items : node?.properties?.[String(step)];
    value = child(value, step);
    node = chosen(node, value);
  }
  return Object.keys(node?.properties ?? {});
}

/** Of several shapes the one whose fixed word (`kind: sqlite`) stands in the value. */
function chosen(node: SchemaNode | undefined, value: unknown): SchemaNode | undefined {
  if (node?.oneOf === undefined) return node;
  return node.oneOf.find((option) =>
    Object.entries(option.properties ?? {}).some(
      ([key, property]) => property.const !== undefined && property.const === child(value, key),
    ),
  );
}

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Problem } from "./problem.ts";

/** A configuration file read as YAML, which knows where everything stands. */
export interface ConfigDocument {
  /** Plain values; `{}` for an empty file. */
  readonly raw: unknown;
  /** What is wrong with the YAML itself. */
  readonly problems: readonly Problem[];
  /** The line of the key or item at `path`, or of the nearest block around it where it is missing. */
  lineOf(path: readonly PropertyKey[]): number | null;
}

/** Reads YAML 1.2. Does not throw: faults are in `problems`. */
export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings].map((fault) => ({
    path: "",
    line: lines.linePos(fault.pos[0]).line,
    message:
      fault.code === "DUPLICATE_KEY" ? "this key is there twice" : `this is not YAML: ${fault.message}`,
  }));
  return {
    raw: problems.length > 0 ? {} : (document.toJS({ maxAliasCount: 100 }) ?? {}),
    problems,
    lineOf: (path) => lineOf(document, lines, path),
  };
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      offset = (pair?.key as Node | undefined)?.range?.[0] ?? offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset === null ? null : lines.linePos(offset).line;
}

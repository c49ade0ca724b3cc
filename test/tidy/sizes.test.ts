import { expect, test } from "vitest";
import { ALL_FOLDERS, type SourceFile, sourceFiles } from "./files.ts";

const FILE_LIMIT_LINES = 300;
const FUNCTION_LIMIT_LINES = 70;

/** Ends of lines behind which a function's body begins, in the form that the formatter gives them. */
const BODY_BEGINS = /(?:=>|\)(?:: [^=]+)?) \{$/;
const NO_FUNCTION = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|with)\b/;
/** What a suite registers: its length is that of its list, so only each test counts. */
const SUITE = /^\s*(?:describe|test|it)(?:\.\w+)*\(/;

interface FunctionSize {
  readonly name: string;
  readonly lines: number;
}

/** The functions of a file with their lengths. A body ends at the first `}` in the column in which its first line begins. */
function functionsOf(file: SourceFile): FunctionSize[] {
  return file.lines.flatMap((line, at) => {
    if (!BODY_BEGINS.test(line) || NO_FUNCTION.test(line)) return [];
    const column = line.search(/\S/);
    const end = file.lines.findIndex(
      (later, index) => index > at && later.search(/\S/) === column && /^\s*\}/.test(later),
    );
    const body = file.lines.slice(at + 1, end);
    const start = /^\s*\)/.test(line)
      ? file.lines.findLastIndex((earlier, index) => index < at && earlier.search(/\S/) === column)
      : at;
    if (file.path.startsWith("test/") && body.some((inside) => SUITE.test(inside))) return [];
    return [
      { name: `${file.path}:${start + 1} ${(file.lines[start] ?? "").trim()}`, lines: end - start + 1 },
    ];
  });
}

const files = sourceFiles(...ALL_FOLDERS);

test(`a file has at most ${FILE_LIMIT_LINES} lines`, () => {
  const long = files.filter(({ lines }) => lines.length > FILE_LIMIT_LINES);
  expect(long.map(({ path, lines }) => `${path}: ${lines.length} lines`)).toEqual([]);
});

test(`a function has at most ${FUNCTION_LIMIT_LINES} lines`, () => {
  const functions = files.flatMap(functionsOf);
  expect(functions.length).toBeGreaterThan(files.length);
  expect(
    functions
      .filter(({ lines }) => lines > FUNCTION_LIMIT_LINES)
      .map(({ name, lines }) => `${name}: ${lines} lines`),
  ).toEqual([]);
});

test("the scanner measures functions of every form", () => {
  const text = [
    "export function wide(",
    "  a: number,",
    "): void {",
    "  if (a) {",
    "    b();",
    "  }",
    "}",
    "const arrow = async () => {",
    "  c();",
    "};",
    "class D {",
    "  method(): Map<string, number> {",
    "    e();",
    "  }",
    "}",
  ];
  const sizes = functionsOf({ path: "src/x.ts", text: text.join("\n"), lines: text });
  expect(sizes.map(({ lines }) => lines)).toEqual([7, 3, 3]);
});

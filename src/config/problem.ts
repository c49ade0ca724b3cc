/** One thing that is wrong in a configuration file. */
export interface Problem {
  /** The key, as `target.imap.port` or `listeners[0].tls`; empty for the file as a whole. */
  readonly path: string;
  /** Line in the file, from 1; `null` where no line is to blame. */
  readonly line: number | null;
  /** What is wrong and what would be right; never the value of a secret. */
  readonly message: string;
}

/** A configuration that nothing may be started with; `message` lists every problem, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[], options?: { readonly cause?: unknown }) {
    const count = problems.length === 1 ? "1 error" : `${problems.length} errors`;
    super(`${file} has ${count}:\n${problems.map(describeProblem).join("\n")}`, options);
    this.file = file;
    this.problems = problems;
  }
}

/** `  line 4: store.knd: unknown key; did you mean "kind"?` */
function describeProblem(problem: Problem): string {
  const place = problem.line === null ? "" : `line ${problem.line}: `;
  const key = problem.path === "" ? "" : `${problem.path}: `;
  return `  ${place}${key}${problem.message}`;
}

/** What of a log line a person at a terminal wants to read: see `createLog`. */
interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly causes?: readonly string[];
}

/** A line of the log as a sentence for standard error; one that is no JSON stays as it is. */
export function diagnosticOf(line: string): string {
  let read: LogLine;
  try {
    read = JSON.parse(line) as LogLine;
  } catch {
    return line.trimEnd();
  }
  const { level = "warn", msg = "", causes = [] } = read;
  const [first] = causes;
  const cause = first === undefined || msg.includes(first) ? "" : `: ${first}`;
  return `imbarco: ${level === "warn" ? "warning" : level}: ${msg}${cause}`;
}

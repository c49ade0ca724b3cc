import { keyOf } from "./alike.ts";
import { counted } from "./counted.ts";

/** What of a log line a person at a terminal wants to read: see `createLog`. */
interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly causes?: readonly string[];
  readonly account?: string;
}

/** Accounts of which the same is said one by one. */
const SAID_ALIKE = 3;
/** Sentences that are remembered: a run has a handful, and a server that invents new ones must not fill the memory. */
const MOST_REMEMBERED = 1_000;

/** The lines of a command's log as sentences for standard error, each with its account; what is said of one account after the other is counted. */
export class Diagnostics {
  readonly #note: (text: string) => void;
  readonly #times = new Map<string, number>();

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  /** A line of the log; one that is no JSON stays as it is. */
  write(line: string): void {
    const read = readLine(line);
    if (read === null) this.#note(line.trimEnd());
    else if (typeof read.account !== "string") this.#note(sentenceOf(read));
    else {
      const key = keyOf(sentenceOf({ ...read, account: undefined }), read.account);
      const times = (this.#times.get(key) ?? 0) + 1;
      if (times > 1 || this.#times.size < MOST_REMEMBERED) this.#times.set(key, times);
      if (times <= SAID_ALIKE) this.#note(sentenceOf(read));
    }
  }

  /** Says what has been counted only. To be called when nothing is written any more. */
  end(): void {
    for (const [sentence, times] of this.#times)
      if (times > SAID_ALIKE) this.#note(`${sentence} (${counted(times - SAID_ALIKE, "more time")})`);
    this.#times.clear();
  }
}

function readLine(line: string): LogLine | null {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return null; // the sentence itself
  }
}

function sentenceOf({
  level = "warn",
  msg = "",
  causes = [],
  account,
}: { readonly [Key in keyof LogLine]: LogLine[Key] | undefined }): string {
  const [first] = causes;
  const cause = first === undefined || msg.includes(first) ? "" : `: ${first}`;
  const text = `${msg}${cause}`;
  const who = account === undefined || text.includes(account) ? "" : `${account}: `;
  return `imbarco: ${level === "warn" ? "warning" : level}: ${who}${text}`;
}

/** No pause is longer, whatever a server says. */
export const LONGEST_WAIT_MS = 24 * 60 * 60_000;
/** No shorter one is worth going away for. */
const SHORTEST_WAIT_MS = 1_000;

interface Asking {
  /** Of the response, in upper case; a rule without one goes by the words alone. */
  readonly code?: string;
  readonly words?: RegExp;
  /** `null` = the words name the time: the pattern's groups `number` and `unit`. */
  readonly waitMs: number | null;
}

/** How servers ask for a pause. The first rule that fits counts. */
const ASKING: readonly Asking[] = [
  // Exchange and Office 365: "Request is throttled. Suggested Backoff Time: 299862 milliseconds", "BackOffMilliseconds: 60000".
  { words: /back-?off time:?\s*(?<number>\d{1,12})\s*(?<unit>milliseconds?|ms|seconds?|s)\b/i, waitMs: null },
  { words: /back-?off(?<unit>milliseconds)\D{0,5}(?<number>\d{1,12})/i, waitMs: null },
  // "Try again in 10 minutes", "Please wait 30 seconds", "retry after 5 min".
  {
    words:
      /\b(?:try (?:it )?again|retry|wait|come back)\b[^.\d]{0,40}(?<number>\d{1,9})\s*(?<unit>milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b/i,
    waitMs: null,
  },
  // Gmail: the day's budget of octets is spent, and comes back bit by bit.
  { code: "OVERQUOTA", words: /command or bandwidth/i, waitMs: 30 * 60_000 },
  { words: /exceeded (?:\w+ ){0,3}bandwidth limit|bandwidth (?:limit|quota) exceeded/i, waitMs: 30 * 60_000 },
  // Yahoo, iCloud and others name no time.
  { code: "THROTTLED", waitMs: 60_000 },
  { words: /\bthrottled\b|rate limit/i, waitMs: 60_000 },
];

const UNITS_MS: readonly (readonly [RegExp, number])[] = [
  [/^m(illi)?s/i, 1],
  [/^s/i, 1_000],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
];

/**
 * The pause that a server asks for in an answer other than OK, in milliseconds; `null` where it asks for none. Between a second and a day, whatever it
 * says.
 */
export function waitAskedFor(said: {
  readonly code: { readonly name: string } | null;
  readonly text: string;
}): number | null {
  for (const { code, words, waitMs } of ASKING) {
    if (code !== undefined && said.code?.name !== code) continue;
    const found = words?.exec(said.text);
    if (words !== undefined && !found) continue;
    const ms = waitMs ?? timeIn(found?.groups ?? {});
    return Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, ms));
  }
  return null;
}

function timeIn({ number = "", unit = "" }: Record<string, string | undefined>): number {
  const [, unitMs] = UNITS_MS.find(([pattern]) => pattern.test(unit)) ?? [null, 1];
  return Number(number) * unitMs;
}

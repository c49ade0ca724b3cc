const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** `-Jul-1996 02:44:25 -0700`: what stands behind the day. */
const BEHIND_DAY = 24;

/**
 * The instant of an INTERNALDATE (RFC 9051 §9, date-time) in seconds since 1970: the same for every zone it may be written in. A text that is no
 * date counts as 0, which still recognises the message together with its size. Some servers do not pad the day.
 *
 * Read by hand: it is asked for every message, and a regular expression leaves ten strings behind each time.
 */
export function instantOf(internalDate: string): number {
  const text = internalDate.trimStart();
  const at = text.length - BEHIND_DAY;
  if (at !== 1 && at !== 2) return 0;
  const isInPlace =
    text[at] === "-" &&
    text[at + 4] === "-" &&
    text[at + 9] === " " &&
    text[at + 12] === ":" &&
    text[at + 15] === ":" &&
    text[at + 18] === " ";
  const month = MONTHS.indexOf(text.slice(at + 1, at + 4).toLowerCase());
  const sign = text[at + 19];
  if (!isInPlace || month < 0 || (sign !== "+" && sign !== "-")) return 0;
  const local = Date.UTC(
    digits(text, at + 5, 4),
    month,
    digits(text, 0, at),
    digits(text, at + 10, 2),
    digits(text, at + 13, 2),
    digits(text, at + 16, 2),
  );
  const zoneSeconds = (digits(text, at + 20, 2) * 60 + digits(text, at + 22, 2)) * 60;
  const instant = local / 1000 - (sign === "-" ? -zoneSeconds : zoneSeconds);
  return Number.isNaN(instant) ? 0 : instant;
}

/** A number of so many digits; NaN where one of them is none. */
function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

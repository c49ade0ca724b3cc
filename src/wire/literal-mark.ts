/** The end of a line that announces a literal. */
export interface LiteralMark {
  /** Where in the line it begins. */
  readonly at: number;
  readonly octets: number;
  /** RFC 7888: the sender does not wait to be asked. */
  readonly comesUnasked: boolean;
}

/**
 * The literal that a line announces at its end, or `null`: "{" number ["+"] "}" (RFC 9051 §9, RFC 5804 §4). Read from the octets, since the line may end in a
 * password. A number beyond all bounds comes out as infinity.
 */
export function literalMark(line: Buffer): LiteralMark | null {
  let at = line.length - 1;
  if (line[at] !== 0x7d) return null;
  at -= 1;
  const comesUnasked = line[at] === 0x2b;
  if (comesUnasked) at -= 1;
  const lastDigit = at;
  while (isDigit(line[at])) at -= 1;
  if (line[at] !== 0x7b || at === lastDigit) return null;
  // From the front: a weight for each digit would overflow to infinity, and no number times that is sound.
  let octets = 0;
  for (const digit of line.subarray(at + 1, lastDigit + 1)) octets = octets * 10 + digit - 0x30;
  return { at, octets, comesUnasked };
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= 0x30 && octet <= 0x39;
}

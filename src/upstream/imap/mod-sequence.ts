/**
 * A mod-sequence as a server says it: decimal text, since it may exceed 2^53 (RFC 7162 §7). `null` for 0, which is how STATUS says that a folder
 * has none (RFC 7162 §3.1.7), and for what is no number: it goes into commands again.
 */
export function modSequenceOf(text: string | null): string | null {
  return text !== null && /^[1-9][0-9]{0,19}$/.test(text) ? text : null;
}

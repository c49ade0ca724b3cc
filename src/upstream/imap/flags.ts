/** System flags that every server knows (RFC 9051 §2.3.2). \Recent is the server's own. */
const SYSTEM_FLAGS = new Set(["\\answered", "\\flagged", "\\deleted", "\\seen", "\\draft"]);

/** Whether a flag can be sent to a server: one of the five system flags, or a keyword that is an atom (RFC 9051 §9). */
export function isStorableFlag(flag: string): boolean {
  if (flag.startsWith("\\")) return SYSTEM_FLAGS.has(flag.toLowerCase());
  return /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/.test(flag);
}

const SEPARATOR_LINE = /^>?From [^\n]*\n/;

/**
 * The fields at the beginning of a message by lower-case name, the first of each, unfolded and trimmed, one character an octet. Forgiving: any line
 * end, NULs passed over, lines that are no field left out. What `beginning` cuts off is not there.
 */
export function headerFields(beginning: Buffer): Map<string, string> {
  const text = beginning
    .toString("latin1")
    .replaceAll("\0", "")
    .replace(/\r+\n|\r/g, "\n")
    .replace(SEPARATOR_LINE, "");
  const end = text.search(/^\n|\n\n/);
  const unfolded = (end < 0 ? text : text.slice(0, end)).replace(/\n(?=[ \t])/g, "");
  const fields = new Map<string, string>();
  for (const line of unfolded.split("\n")) {
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (name === undefined || fields.has(name.toLowerCase())) continue;
    fields.set(name.toLowerCase(), (value ?? "").replaceAll("\t", " ").trim());
  }
  return fields;
}

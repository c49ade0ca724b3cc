/** Octets that stand on a real server for those that it would not keep, and become them on their way out. */
const STANDS_FOR: readonly (readonly [string, number, number])[] = [
  ["<NUL>", 0x01, 0x00],
  ["<CR>", 0x02, 0x0d],
  ["<LF>", 0x03, 0x0a],
];

/** A message as a sound server keeps it; `<NUL>`, `<CR>` and `<LF>` come out of `damagedInTransit` as what they name. */
export function damaged(text: string): Buffer {
  const kept = STANDS_FOR.reduce(
    (so, [name, octet]) => so.replaceAll(name, String.fromCharCode(octet)),
    text,
  );
  return Buffer.from(kept, "latin1");
}

/** For a relay before the source: no size changes. */
export function damagedInTransit(_: unknown, piece: Buffer, from: "client" | "server"): Buffer | undefined {
  if (from === "client") return undefined;
  const out = Buffer.from(piece);
  for (const [, octet, instead] of STANDS_FOR)
    for (let at = out.indexOf(octet); at >= 0; at = out.indexOf(octet, at + 1)) out[at] = instead;
  return out;
}

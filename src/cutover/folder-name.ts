import { printable } from "../kit/text.ts";
import type { FolderName } from "../model/ledger.ts";

/**
 * A folder name as people know it: modified UTF-7 decoded (RFC 3501 §5.1.3). What is no valid modified UTF-7 is shown as UTF-8 where it is
 * that, else octet by octet.
 */
export function shownFolderName(name: FolderName): string {
  const octets = Buffer.from(name, "latin1");
  const text = name.replace(/&([A-Za-z0-9+,]*)-/g, (whole, base64: string) =>
    base64 === "" ? "&" : (decoded(base64) ?? whole),
  );
  const utf8 = octets.toString("utf8");
  return printable(text === name && !utf8.includes("\uFFFD") ? utf8 : text, 500);
}

function decoded(base64: string): string | null {
  const octets = Buffer.from(base64.replaceAll(",", "/"), "base64");
  const usable = octets.length - (octets.length % 2);
  return usable === 0 ? null : octets.subarray(0, usable).swap16().toString("utf16le");
}

import type { FolderName } from "./ledger.ts";

/**
 * A folder name as people know it: modified UTF-7 decoded (RFC 3501 §5.1.3). What is no modified UTF-7 is taken for UTF-8 where it is
 * that, else octet by octet.
 */
export function decodeFolderName(name: FolderName): string {
  const text = name.replace(/&([A-Za-z0-9+,]*)-/g, (whole, base64: string) =>
    base64 === "" ? "&" : (decoded(base64) ?? whole),
  );
  if (text !== name) return text;
  const utf8 = Buffer.from(name, "latin1").toString("utf8");
  return utf8.includes("\uFFFD") ? text : utf8;
}

/** A name that a person gave, as it goes over the wire: modified UTF-7, which is the rule where neither side has enabled UTF8=ACCEPT. */
export function encodeFolderName(text: string): FolderName {
  return text.replace(/&|[^\x20-\x7e]+/g, (run) => (run === "&" ? "&-" : `&${encoded(run)}-`));
}

function decoded(base64: string): string | null {
  const octets = Buffer.from(base64.replaceAll(",", "/"), "base64");
  const usable = octets.length - (octets.length % 2);
  return usable === 0 ? null : octets.subarray(0, usable).swap16().toString("utf16le");
}

function encoded(run: string): string {
  const octets = Buffer.from(run, "utf16le").swap16();
  return octets.toString("base64").replaceAll("/", ",").replace(/=+$/, "");
}

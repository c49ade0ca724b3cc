/** A folder name as IMAP4rev1 writes it (RFC 3501 §5.1.3). */
export function encodeModifiedUtf7(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => (run === "&" ? "&-" : `&${base64(run)}-`));
}

/** The other way round; what is not well-formed stays as it is. */
export function decodeModifiedUtf7(octets: string): string {
  return octets.replace(/&([A-Za-z0-9+,]*)-/g, (_whole, code: string) =>
    code === "" ? "&" : Buffer.from(code.replaceAll(",", "/"), "base64").swap16().toString("utf16le"),
  );
}

function base64(text: string): string {
  return Buffer.from(text, "utf16le").swap16().toString("base64").replaceAll("/", ",").replace(/=+$/, "");
}

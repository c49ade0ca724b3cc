const HEX_OCTETS = 32;
/** With or without the words that `openssl x509 -fingerprint -sha256` puts in front, with or without colons. */
const WRITTEN = /^(?:sha-?256(?:[ _]fingerprint)?\s*[:=]\s*)?(?<hex>[0-9a-f]{2}(?::?[0-9a-f]{2})*)$/i;

/**
 * A certificate's SHA-256 fingerprint as it is compared: `sha256:` and 64 hexadecimal digits in small letters. `null` for a text that is none.
 * Of the whole certificate and not of its key, since that is what `openssl` and mail programs show.
 */
export function parseFingerprint(text: string): string | null {
  const hex = WRITTEN.exec(text.trim())?.groups?.["hex"]?.replaceAll(":", "").toLowerCase();
  return hex?.length === HEX_OCTETS * 2 ? `sha256:${hex}` : null;
}

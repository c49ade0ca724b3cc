const PAD = 0x3d;
const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
/** The six bits that an octet stands for; 255 where it stands for none. */
const SIX_BITS = new Uint8Array(256).fill(255);
ALPHABET.forEach((octet, value) => {
  SIX_BITS[octet] = value;
});

/**
 * Decodes base64 (RFC 4648 §4) from octets to octets, never through a string, since passwords come this way. Strict:
 * only what an encoder would have written is accepted, padding and unused bits included, so that two texts never mean
 * the same octets (RFC 4648 §3.5).
 * @returns `null` where the text is anything else
 */
export function decodeBase64(text: Buffer): Buffer | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.at(-1) !== PAD ? 0 : text.at(-2) !== PAD ? 1 : 2;
  const digits = text.length - padding;
  const octets = Buffer.alloc(Math.floor((digits * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of text.subarray(0, digits)) {
    const value = SIX_BITS[digit] ?? 255;
    if (value === 255) return refuse(octets);
    bits = ((bits << 6) | value) & 0xfff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    octets[at] = (bits >> held) & 0xff;
    at += 1;
  }
  const unused = bits & ((1 << held) - 1);
  return unused === 0 ? octets : refuse(octets);
}

function refuse(octets: Buffer): null {
  octets.fill(0);
  return null;
}

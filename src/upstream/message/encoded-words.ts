const ENCODED_WORD = /=\?([^\s?*]+)(?:\*[^\s?]*)?\?([bq])\?([^\s?]*)\?=/gi;
/** Octets of text in one encoded word: with its frame it stays below the 75 characters that RFC 2047 §2 allows. */
const WORD_OCTETS = 42;

/** Octets of a header's value, one character an octet, as text: UTF-8 where they are that, else Windows-1252, which most others are. */
function textOfOctets(latin1: string): string {
  const octets = Buffer.from(latin1, "latin1");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    return new TextDecoder("windows-1252").decode(octets);
  }
}

/**
 * The text of a header's value with its encoded words (RFC 2047) decoded; what is wrongly encoded stays as it stands.
 * @param latin1 unfolded, one character an octet
 */
export function decodedHeader(latin1: string): string {
  const parts: (string | Word)[] = [];
  let at = 0;
  for (const match of latin1.matchAll(ENCODED_WORD)) {
    const [whole, charset = "", how = "", encoded = ""] = match;
    if (decoded(Buffer.alloc(0), charset) === null) continue;
    const octets = how.toUpperCase() === "B" ? Buffer.from(encoded, "base64") : unquoted(encoded);
    const between = latin1.slice(at, match.index);
    const last = parts.at(-1);
    at = match.index + whole.length;
    // RFC 2047 §6.2: white space between two encoded words is none; a character may be cut between them.
    const goesOn = typeof last === "object" && between.trim() === "";
    if (goesOn && last.charset === charset.toLowerCase()) {
      last.octets = Buffer.concat([last.octets, octets]);
      continue;
    }
    if (!goesOn) parts.push(between);
    parts.push({ charset: charset.toLowerCase(), octets });
  }
  parts.push(latin1.slice(at));
  return parts
    .map((part) =>
      typeof part === "string" ? textOfOctets(part) : (decoded(part.octets, part.charset) ?? ""),
    )
    .join("");
}

/** What one or several encoded words hold. */
interface Word {
  readonly charset: string;
  octets: Buffer;
}

/** The text as encoded words in UTF-8 (RFC 2047), to stand in a header with white space between them. */
export function encodedWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  for (const character of text.replace(/\p{Cc}/gu, " ").toWellFormed()) {
    if (Buffer.byteLength(word + character) > WORD_OCTETS) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  if (word !== "") words.push(word);
  return words.map((part) => `=?UTF-8?B?${Buffer.from(part).toString("base64")}?=`);
}

/** `null` for a charset that nobody knows. */
function decoded(octets: Buffer, charset: string): string | null {
  try {
    return new TextDecoder(charset).decode(octets);
  } catch {
    return null;
  }
}

/** RFC 2047 §4.2. */
function unquoted(encoded: string): Buffer {
  const plain = encoded
    .replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, "latin1");
}

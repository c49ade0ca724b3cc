import { stripVTControlCharacters } from "node:util";

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Pictures and the characters of East Asia, which terminals show in two columns. */
const WIDE =
  /\p{Extended_Pictographic}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;

const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that a terminal needs for the text, colours not counted. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return graphemesOf(stripVTControlCharacters(text)).reduce((sum, grapheme) => sum + columnsOf(grapheme), 0);
}

/** The text, or its beginning and an ellipsis where it needs more than `limit` columns. */
export function cutToWidth(text: string, limit: number): string {
  if (textWidth(text) <= limit) return text;
  let kept = "";
  let columns = 1;
  for (const grapheme of graphemesOf(text)) {
    columns += columnsOf(grapheme);
    if (columns > limit) break;
    kept += grapheme;
  }
  return `${kept}…`;
}

/** The text in lines of at most `limit` columns, broken between words where that is possible. At least one line. */
export function wrapToWidth(text: string, limit: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((one) => pieces(one, limit))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (textWidth(longer) <= limit) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A word that is too long for a line, such as a path, in parts that are not. */
function pieces(word: string, limit: number): string[] {
  if (textWidth(word) <= limit) return [word];
  const parts: string[] = [];
  let part = "";
  for (const grapheme of graphemesOf(word)) {
    if (part !== "" && textWidth(part + grapheme) > limit) {
      parts.push(part);
      part = "";
    }
    part += grapheme;
  }
  return [...parts, part];
}

function graphemesOf(text: string): string[] {
  return Array.from(GRAPHEMES.segment(text), ({ segment }) => segment);
}

function columnsOf(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1;
}

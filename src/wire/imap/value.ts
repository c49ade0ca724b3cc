import { type Part, ResponseError } from "./response-reader.ts";

/** A word of a server's response. `NIL` is an atom; `string` is a quoted string or literal; `streamed` a literal that was passed on. */
export type Value =
  | { readonly kind: "atom"; readonly text: string }
  | { readonly kind: "string"; readonly octets: Buffer }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "streamed"; readonly size: number };

/** Real responses nest less than ten deep, BODYSTRUCTURE aside, which is never asked for. */
const NESTING_LIMIT = 32;

const PLAIN_ATOM = /[^ ()"][^ ()]*/y;
/** `BODY[HEADER.FIELDS (MESSAGE-ID)]<0>` is one word (RFC 9051 §7.5.2). */
const SECTION_ATOM = /(?:BODY|BINARY|BINARY\.SIZE)\[[^\]]*\](?:<[0-9]+>)?/iy;

/**
 * The words of a response. `unfinished` = a literal follows, so lists may be open at the end: what is known of them is given.
 * @throws {ResponseError} for parentheses or quotes that do not fit
 */
export function readValues(parts: readonly Part[], options: { readonly unfinished?: boolean } = {}): Value[] {
  const stack: Value[][] = [[]];
  for (const part of parts) {
    if (part.kind === "text") readText(part.octets.toString("latin1"), stack);
    else top(stack).push(part.kind === "literal" ? { kind: "string", octets: part.octets } : part);
  }
  if (stack.length > 1 && options.unfinished !== true) throw new ResponseError("a list without its end");
  return stack[0] as Value[];
}

function readText(text: string, stack: Value[][]): void {
  let at = 0;
  while (at < text.length) {
    switch (text[at]) {
      case " ":
        at += 1;
        break;
      case "(":
        openList(stack);
        at += 1;
        break;
      case ")":
        if (stack.length === 1) throw new ResponseError("a list without its beginning");
        stack.pop();
        at += 1;
        break;
      case '"': {
        const end = endOfQuoted(text, at);
        const octets = Buffer.from(text.slice(at + 1, end).replace(/\\(.)/gs, "$1"), "latin1");
        top(stack).push({ kind: "string", octets });
        at = end + 1;
        break;
      }
      default: {
        const atom = readAtom(text, at);
        top(stack).push({ kind: "atom", text: atom });
        at += atom.length;
      }
    }
  }
}

function openList(stack: Value[][]): void {
  if (stack.length > NESTING_LIMIT) throw new ResponseError(`lists nested more than ${NESTING_LIMIT} deep`);
  const items: Value[] = [];
  top(stack).push({ kind: "list", items });
  stack.push(items);
}

function top(stack: Value[][]): Value[] {
  return stack.at(-1) as Value[];
}

/** Where the closing quote stands. By hand: an expression would need stack for every escape of a hostile server. */
function endOfQuoted(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === '"') return end;
    if (text[end] === "\\") end += 1;
  }
  throw new ResponseError("a quoted string without its end");
}

function readAtom(text: string, at: number): string {
  SECTION_ATOM.lastIndex = at;
  const section = SECTION_ATOM.exec(text)?.[0];
  if (section !== undefined) return section;
  PLAIN_ATOM.lastIndex = at;
  return PLAIN_ATOM.exec(text)?.[0] ?? text.slice(at);
}

/** Whether a value is the word `NIL`. */
export function isNil(value: Value | undefined): boolean {
  return value?.kind === "atom" && value.text.toUpperCase() === "NIL";
}

/** The octets of an atom or string, one character an octet; `null` for NIL, lists and what is not there. */
export function textOf(value: Value | undefined): string | null {
  if (value === undefined || isNil(value)) return null;
  if (value.kind === "atom") return value.text;
  return value.kind === "string" ? value.octets.toString("latin1") : null;
}

/** A number of up to 2^53; `null` for everything else. */
export function numberOf(value: Value | undefined): number | null {
  const text = textOf(value);
  return text !== null && /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

/** The items of a list; none for everything else. */
export function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === "list" ? value.items : [];
}

/** A list of names and values in turn, as FETCH and STATUS give them; names in upper case. */
export function pairsOf(value: Value | undefined): Map<string, Value> {
  const items = itemsOf(value);
  const pairs = new Map<string, Value>();
  for (let i = 0; i + 1 < items.length; i += 2) {
    const name = textOf(items[i]);
    if (name !== null) pairs.set(name.toUpperCase(), items[i + 1] as Value);
  }
  return pairs;
}

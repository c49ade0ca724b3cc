/**
 * A command as the reader framed it: text and literals in turn, text first. `awaited` is a synchronizing literal whose
 * octets the client has not sent yet.
 */
export type CommandPart =
  | { readonly kind: "text"; readonly octets: Buffer }
  | { readonly kind: "literal"; readonly octets: Buffer }
  | { readonly kind: "awaited" };

/** Thrown where a command goes against the grammar, or where its rest has not come yet. Never leaves `wire`. */
export class LexerStop extends Error {
  override readonly name = "LexerStop";
  readonly why: "syntax" | "awaited";

  constructor(why: "syntax" | "awaited") {
    super(why);
    this.why = why;
  }
}

const EMPTY = Buffer.alloc(0);
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BRACE = 0x7b;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;

/** RFC 9051 §9: tag = 1*<any ASTRING-CHAR except "+">. */
const NOT_IN_TAG = new Set(Buffer.from('(){%*"\\+'));

/**
 * Reads a command's octets token by token. Octets stay octets: nothing is decoded, so that a password arrives as it was
 * meant. Every method throws `LexerStop` where the next token is not the one asked for.
 */
export class CommandLexer {
  readonly #parts: readonly CommandPart[];
  #part = 0;
  #at = 0;

  constructor(parts: readonly CommandPart[]) {
    this.#parts = parts;
  }

  /** Whether nothing is left. */
  get atEnd(): boolean {
    return this.#octet() === undefined && this.#part === this.#parts.length - 1;
  }

  end(): void {
    if (!this.atEnd) throw new LexerStop("syntax");
  }

  space(): void {
    if (!this.#skips(SPACE)) throw new LexerStop("syntax");
  }

  /** Whether the next octet is an opening parenthesis; if so it is read. */
  opens(): boolean {
    return this.#skips(OPEN);
  }

  /** Whether the next octet is a closing parenthesis; if so it is read. */
  closes(): boolean {
    return this.#skips(CLOSE);
  }

  tag(): string {
    return this.#run((octet) => isPrintable(octet) && !NOT_IN_TAG.has(octet)).toString("latin1");
  }

  /** A run of printable ASCII without spaces: a command's name, a mechanism, base64. A copy. */
  word(): Buffer {
    return Buffer.from(this.#run(isPrintable));
  }

  /** RFC 9051 §9: astring = 1*ASTRING-CHAR / string. A copy. */
  astring(): Buffer {
    const octet = this.#octet();
    return octet === undefined || octet === QUOTE ? this.string() : Buffer.from(this.#run(isLoginAtomOctet));
  }

  /** A quoted string or a literal. A copy. */
  string(): Buffer {
    return this.#octet() === QUOTE ? this.#quoted() : this.#literal();
  }

  /** RFC 9051 §9: nstring = string / nil. A copy, or `null`. */
  nstring(): Buffer | null {
    const octet = this.#octet();
    return octet === undefined || octet === QUOTE ? this.string() : this.nil();
  }

  nil(): null {
    if (this.#run(isLetter).toString("latin1").toUpperCase() !== "NIL") throw new LexerStop("syntax");
    return null;
  }

  #literal(): Buffer {
    const next = this.#parts[this.#part + 1];
    if (this.#octet() !== undefined || next === undefined) throw new LexerStop("syntax");
    if (next.kind !== "literal") throw new LexerStop("awaited");
    // RFC 9051 §9: literal = … *CHAR8, and CHAR8 has no NUL.
    if (next.octets.includes(0)) throw new LexerStop("syntax");
    this.#part += 2;
    this.#at = 0;
    return Buffer.from(next.octets);
  }

  #quoted(): Buffer {
    const text = this.#text();
    const plain = Buffer.alloc(text.length - this.#at);
    let length = 0;
    for (let at = this.#at + 1; at < text.length; at += 1) {
      let octet = text[at] ?? 0;
      if (octet === QUOTE) {
        this.#at = at + 1;
        const value = Buffer.from(plain.subarray(0, length));
        plain.fill(0);
        return value;
      }
      if (octet === BACKSLASH) {
        at += 1;
        octet = text[at] ?? 0;
        // RFC 9051 §9: only these two are escaped. A lone backslash could mean either of two passwords.
        if (octet !== QUOTE && octet !== BACKSLASH) break;
      }
      // TEXT-CHAR leaves out NUL, CR and LF; octets from 0x80 on are no ASCII but what older programs send.
      if (octet === 0 || octet === 0x0d) break;
      plain[length] = octet;
      length += 1;
    }
    plain.fill(0);
    throw new LexerStop("syntax");
  }

  #run(belongs: (octet: number) => boolean): Buffer {
    const text = this.#text();
    const from = this.#at;
    while (this.#at < text.length && belongs(text[this.#at] ?? 0)) this.#at += 1;
    if (this.#at === from) throw new LexerStop("syntax");
    return text.subarray(from, this.#at);
  }

  #skips(octet: number): boolean {
    if (this.#octet() !== octet) return false;
    this.#at += 1;
    return true;
  }

  #octet(): number | undefined {
    return this.#text()[this.#at];
  }

  #text(): Buffer {
    const part = this.#parts[this.#part];
    return part?.kind === "text" ? part.octets : EMPTY;
  }
}

function isPrintable(octet: number): boolean {
  return octet > SPACE && octet < DELETE;
}

function isLetter(octet: number): boolean {
  return (octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a);
}

/**
 * Wider than ASTRING-CHAR: `%`, `*`, `\` and octets from 0x80 on are let through, as Dovecot does, because scripts and
 * people send passwords bare, and none of these octets can mean anything else here.
 */
function isLoginAtomOctet(octet: number): boolean {
  return (
    octet > SPACE &&
    octet !== DELETE &&
    octet !== QUOTE &&
    octet !== OPEN &&
    octet !== CLOSE &&
    octet !== BRACE
  );
}

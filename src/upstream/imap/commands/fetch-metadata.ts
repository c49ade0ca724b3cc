import { plainMetadata } from "../../../wire/imap/plain-fetch.ts";
import type { Untagged } from "../../../wire/imap/response.ts";
import { ResponseError } from "../../../wire/imap/response-reader.ts";
import { itemsOf, numberOf, pairsOf, readValues, textOf, type Value } from "../../../wire/imap/value.ts";
import { METADATA_WINDOW } from "../../limits.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { fetchStream } from "../connection/fetch-stream.ts";
import { uidSetFilter } from "../uid-set.ts";

export interface MessageMetadata {
  readonly uid: number;
  /** Without \Recent, as the server spells them. */
  readonly flags: readonly string[];
  /** The server's text exactly. */
  readonly internalDate: string;
  /** RFC822.SIZE in octets. Some servers lie: the literal's length rules. */
  readonly size: number;
  /** Value of the header field, unfolded and trimmed, one character an octet; `null` = none, or not asked for. */
  readonly messageId: string | null;
}

/** What a server says unasked of a message whose flags have changed (RFC 7162 §3.1.4.2). */
const NEWS_ITEMS = new Set(["UID", "FLAGS", "MODSEQ"]);

const RECENT = "\\recent";

/** Sets of flags that one listing keeps to share: real mailboxes have dozens. */
const SHARED_SETS = 1_000;

const MESSAGE_ID_ITEM = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]";

/**
 * What the server says of messages in the open folder, in its order, matched by UID (RFC 9051 §6.4.5). Memory is bounded: the server waits while
 * the consumer is busy. A consumer that leaves the loop early lets the rest pass by; the connection stays usable.
 * @param uidSet as `1:*` or `4,7:9`. The last message, which `n:*` always names (RFC 9051 §6.4.9), is left out where it lies below n
 * @throws {Failure | CommandRefusedError} when the server does not give all of it
 */
export function fetchMetadata(
  connection: ImapConnection,
  uidSet: string,
  options: { readonly messageId?: boolean } = {},
): AsyncGenerator<MessageMetadata, void, undefined> {
  const items = `UID FLAGS INTERNALDATE RFC822.SIZE${options.messageId ? ` ${MESSAGE_ID_ITEM}` : ""}`;
  const withMessageId = options.messageId === true;
  const collector = new Collector(withMessageId);
  const flagsOf = sharedFlags();
  const isAskedFor = uidSetFilter(uidSet);
  return fetchStream(
    connection,
    `UID FETCH ${uidSet} (${items})`,
    (response) => {
      if (response.kind !== "data" || response.name !== "FETCH") return undefined;
      const plain = withMessageId ? null : plainMetadata(response);
      if (plain !== null) {
        const { uid, flags, internalDate, size } = plain;
        if (!isAskedFor(uid)) return undefined;
        return { uid, flags: flagsOf(flags), internalDate, size, messageId: null };
      }
      const values = fetchValues(response);
      if (values === null || !isAskedFor(numberOf(values.get("UID")) ?? 0)) return undefined;
      return collector.add(values) ?? null;
    },
    // A header of more than a literal that is kept holds no Message-ID that anybody would compare.
    (start) => (start.name === "FETCH" && options.messageId ? () => undefined : null),
  );
}

/**
 * The items of a FETCH response that names its message by UID; `null` for every other, and for one that brings a whole message: another command is
 * under way for that.
 */
export function fetchValues(response: Untagged): Map<string, Value> | null {
  if (response.kind !== "data" || response.name !== "FETCH") return null;
  const values = pairsOf(readValues(response.rest)[0]);
  return values.has("UID") && !values.has("BODY[]") ? values : null;
}

/** Puts together what a server says of one message in several responses (RFC 9051 §7.5.2 allows that). */
class Collector {
  readonly #withMessageId: boolean;
  readonly #partial = new Map<number, Map<string, Value>>();

  constructor(withMessageId: boolean) {
    this.#withMessageId = withMessageId;
  }

  add(values: Map<string, Value>): MessageMetadata | undefined {
    const uid = numberOf(values.get("UID"));
    if (uid === null) return undefined;
    const known = this.#partial.get(uid);
    const all = known ? new Map([...known, ...values]) : values;
    const message = this.#messageOf(uid, all);
    if (message) this.#partial.delete(uid);
    else this.#partial.set(uid, all);
    if (this.#partial.size > METADATA_WINDOW) this.#forgetNews();
    return message;
  }

  /** With QRESYNC or CONDSTORE on, a server names by UID whose flags somebody has changed meanwhile: those are no halves. */
  #forgetNews(): void {
    for (const [uid, values] of this.#partial)
      if ([...values.keys()].every((name) => NEWS_ITEMS.has(name))) this.#partial.delete(uid);
    if (this.#partial.size > METADATA_WINDOW) throw new ResponseError("too many messages in halves");
  }

  #messageOf(uid: number, values: Map<string, Value>): MessageMetadata | undefined {
    const internalDate = textOf(values.get("INTERNALDATE"));
    const size = numberOf(values.get("RFC822.SIZE"));
    const flags = values.get("FLAGS");
    if (internalDate === null || size === null || flags === undefined) return undefined;
    const header = [...values].find(([name]) => name.startsWith("BODY[HEADER.FIELDS"))?.[1];
    if (this.#withMessageId && header === undefined) return undefined;
    const words = itemsOf(flags).flatMap((flag) => textOf(flag) ?? []);
    return {
      uid,
      flags: withoutRecent(words),
      internalDate,
      size,
      messageId: messageIdOf(textOf(header)),
    };
  }
}

/** Flags written with spaces between them as words: of a mailbox's few sets of flags each is one list, however many messages have it. */
function sharedFlags(): (written: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (written) => {
    const there = known.get(written);
    if (there !== undefined) return there;
    const flags = Object.freeze(withoutRecent(written === "" ? [] : written.split(" ")));
    if (known.size < SHARED_SETS) known.set(written, flags);
    return flags;
  };
}

function withoutRecent(flags: readonly string[]): readonly string[] {
  return flags.filter((flag) => flag.length !== RECENT.length || flag.toLowerCase() !== RECENT);
}

function messageIdOf(header: string | null): string | null {
  const field = /^message-id[ \t]*:((?:.|\r?\n[ \t])*)/im.exec(header ?? "")?.[1];
  return field?.replace(/\r?\n/g, "").trim() || null;
}

import type { Untagged } from "../../wire/imap/response.ts";
import { ResponseError } from "../../wire/imap/response-reader.ts";
import { itemsOf, numberOf, pairsOf, readValues, textOf, type Value } from "../../wire/imap/value.ts";
import { METADATA_WINDOW } from "../limits.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import type { ImapConnection } from "./connection.ts";
import { refusalOf } from "./run.ts";

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

const MESSAGE_ID_ITEM = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]";

/**
 * What the server says of messages in the open folder, in its order, matched by UID (RFC 9051 §6.4.5). Memory is bounded: the server waits while
 * the consumer is busy. A consumer that leaves the loop early lets the rest pass by; the connection stays usable.
 * @param uidSet as `1:*` or `4,7:9`; mind that `n:*` always names the last message (RFC 9051 §6.4.9)
 * @throws {Failure | CommandRefusedError} when the server does not give all of it
 */
export async function* fetchMetadata(
  connection: ImapConnection,
  uidSet: string,
  options: { readonly messageId?: boolean } = {},
): AsyncGenerator<MessageMetadata, void, undefined> {
  const items = `UID FLAGS INTERNALDATE RFC822.SIZE${options.messageId ? ` ${MESSAGE_ID_ITEM}` : ""}`;
  const queue = new BoundedQueue<MessageMetadata>(METADATA_WINDOW, () => 1);
  const collector = new Collector(options.messageId === true);
  const handle = connection.send(
    { name: "UID FETCH", pieces: [`UID FETCH ${uidSet} (${items})`], limitMs: null },
    {
      untagged: (response) => {
        const values = fetchValues(response);
        if (values === null) return false;
        const message = collector.add(values);
        return (message && queue.put(message)) ?? true;
      },
      // A header of more than a literal that is kept holds no Message-ID that anybody would compare.
      literal: (start) => (start.name === "FETCH" && options.messageId ? () => undefined : null),
    },
  );
  const done = handle.done.then(
    (answer) => {
      // RFC 5530 §3: some were expunged meanwhile, which is what the caller would see a moment later too.
      if (answer.status === "OK" || answer.code?.name === "EXPUNGEISSUED") queue.end();
      else queue.fail(refusalOf(connection, "UID FETCH", answer));
    },
    (error: Error) => queue.fail(error),
  );
  try {
    yield* queue;
  } finally {
    await done;
  }
}

/** The items of a FETCH response that names its message by UID; `null` for every other. */
export function fetchValues(response: Untagged): Map<string, Value> | null {
  if (response.kind !== "data" || response.name !== "FETCH") return null;
  const values = pairsOf(readValues(response.rest)[0]);
  return values.has("UID") ? values : null;
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
    if (this.#partial.size > METADATA_WINDOW) throw new ResponseError("too many messages in halves");
    return message;
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
      flags: words.filter((flag) => flag.toLowerCase() !== "\\recent"),
      internalDate,
      size,
      messageId: messageIdOf(textOf(header)),
    };
  }
}

function messageIdOf(header: string | null): string | null {
  const field = /^message-id[ \t]*:((?:.|\r?\n[ \t])*)/im.exec(header ?? "")?.[1];
  return field?.replace(/\r?\n/g, "").trim() || null;
}

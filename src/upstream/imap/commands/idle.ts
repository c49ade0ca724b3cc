import { invariant } from "../../../kit/invariant.ts";
import type { Untagged } from "../../../wire/imap/response.ts";
import { itemsOf, numberOf, pairsOf, readValues, textOf } from "../../../wire/imap/value.ts";
import { quirksOf } from "../../quirks.ts";
import { BoundedQueue } from "../connection/bounded-queue.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { CONTINUE, type Piece } from "../connection/outgoing.ts";
import { refusalOf } from "../connection/run.ts";
import { supplyOf } from "../connection/supply.ts";
import { vanishedSet } from "../vanished.ts";

/** What happened in the open folder. */
export type IdleNews =
  /** So many messages it has now: more than before means new ones. */
  | { readonly kind: "exists"; readonly count: number }
  /** The message that had this number is gone, and those behind it move up by one. */
  | { readonly kind: "expunge"; readonly number: number }
  /** In place of `expunge` with QRESYNC on: a set of UIDs, for `readUidRanges`. */
  | { readonly kind: "vanished"; readonly uidSet: string }
  /** Its flags are others now. `uid` is known with QRESYNC or CONDSTORE on, mostly. */
  | {
      readonly kind: "flags";
      readonly number: number;
      readonly uid: number | null;
      readonly flags: readonly string[];
    };

export interface IdleOptions {
  /** Ends it: what came before is still given, and the connection can be used again. */
  readonly signal: AbortSignal;
  /**
   * Ends it likewise after so long at most; servers may log out who stays silent for 30 min (RFC 2177 §3). Sooner where this server tells its news
   * only then. Who wants to hear more begins again.
   */
  readonly limitMs?: number;
}

/** Below the half hour after which a server may close, with room for a late timer. */
const IDLE_LIMIT_MS = 25 * 60_000;

/** News that may wait for the consumer; the server waits beyond. */
const NEWS_WINDOW = 1_000;

/**
 * What happens in the open folder, as it happens (IDLE, RFC 2177), until `signal`, the limit, or a consumer that leaves its loop. The iteration
 * ends when the server has taken note, so the connection is free for the next command then; commands sent before wait until the end. No silence of
 * the server's ends it.
 * @throws {Failure} when the connection is lost; {CommandRefusedError} when the server will not
 */
export async function* idle(
  connection: ImapConnection,
  options: IdleOptions,
): AsyncGenerator<IdleNews, void, undefined> {
  invariant(connection.has("IDLE"), "IDLE is asked of servers that offer it");
  const { signal, limitMs: wantedMs = IDLE_LIMIT_MS } = options;
  const limitMs = Math.min(wantedMs, quirksOf(connection).idleRoundMs ?? wantedMs);
  if (signal.aborted) return;
  const queue = new BoundedQueue<IdleNews>(NEWS_WINDOW, () => 1);
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  const coming = supplyOf(doneAfter(connection, over.promise));
  const handle = connection.send(
    { name: "IDLE", pieces: ["IDLE", CONTINUE], coming, limitMs: null },
    {
      untagged: (response) => {
        const news = newsOf(response);
        return news === undefined ? false : (queue.put(news) ?? true);
      },
    },
  );
  const done = handle.done
    .then(
      (answer) => {
        if (answer.status === "OK") queue.end();
        else queue.fail(refusalOf(connection, "IDLE", answer));
      },
      (error: Error) => queue.fail(error),
    )
    .finally(end);
  const limit = setTimeout(end, limitMs);
  signal.addEventListener("abort", end, { once: true });
  try {
    yield* queue;
  } finally {
    end();
    clearTimeout(limit);
    signal.removeEventListener("abort", end);
    await done;
  }
}

async function* doneAfter(connection: ImapConnection, over: Promise<void>): AsyncGenerator<Piece> {
  await over;
  // The clock ran while nothing was due.
  connection.excuseSilence();
  yield "DONE";
}

function newsOf(response: Untagged): IdleNews | undefined {
  const uidSet = vanishedSet(response);
  if (uidSet !== undefined) return { kind: "vanished", uidSet };
  if (response.kind !== "data" || response.number === null) return undefined;
  const { number, name } = response;
  if (name === "EXISTS") return { kind: "exists", count: number };
  if (name === "EXPUNGE") return { kind: "expunge", number };
  if (name !== "FETCH") return undefined;
  const values = pairsOf(readValues(response.rest)[0]);
  const flags = values.get("FLAGS");
  if (flags === undefined) return undefined;
  const words = itemsOf(flags).flatMap((flag) => textOf(flag) ?? []);
  return {
    kind: "flags",
    number,
    uid: numberOf(values.get("UID")),
    flags: words.filter((flag) => flag.toLowerCase() !== "\\recent"),
  };
}

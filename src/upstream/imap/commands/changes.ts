import { invariant } from "../../../kit/invariant.ts";
import { ResponseError } from "../../../wire/imap/response-reader.ts";
import { protocolFault } from "../../failures.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { fetchStream } from "../connection/fetch-stream.ts";
import { modSequenceOf } from "../mod-sequence.ts";
import { readUidRanges } from "../uid-range.ts";
import { vanishedSet } from "../vanished.ts";
import { type MessageFlags, readFlags } from "./fetch-flags.ts";

export type Change =
  /** New, or its flags are others. */
  | ({ readonly kind: "flags" } & MessageFlags)
  /** All of these that there ever were are gone; the range may span UIDs that never were. */
  | { readonly kind: "vanished"; readonly from: number; readonly to: number };

/**
 * What changed in the open folder since a mod-sequence, in one round trip (RFC 7162 §3.1.4): messages that are new or whose flags changed, and, once
 * `enable` has switched QRESYNC on, those that vanished (RFC 7162 §3.2.6). Without QRESYNC a caller learns of those by `listUids`. Memory
 * is bounded, and a consumer may leave early.
 * @param since `sinceModSeq`: decimal text from HIGHESTMODSEQ of STATUS, SELECT or EXAMINE, for a folder that has one (RFC 7162 §3.1.2.2);
 * `uidSet`: only these, all where absent
 * @throws {Failure | CommandRefusedError} when the server does not give all of it
 */
export async function* fetchChanges(
  connection: ImapConnection,
  since: { readonly sinceModSeq: string; readonly uidSet?: string },
): AsyncGenerator<Change, void, undefined> {
  const { sinceModSeq, uidSet = "1:*" } = since;
  invariant(modSequenceOf(sinceModSeq) !== null, "changes are asked for since a mod-sequence");
  const vanished = connection.enabled.has("QRESYNC") ? " VANISHED" : "";
  const command = `UID FETCH ${uidSet} (UID FLAGS) (CHANGEDSINCE ${sinceModSeq}${vanished})`;
  const responses = fetchStream<MessageFlags | string>(
    connection,
    command,
    (response) => vanishedSet(response) ?? readFlags(response),
  );
  for await (const response of responses) {
    if (typeof response !== "string") yield { kind: "flags", ...response };
    else yield* vanishedIn(connection, response);
  }
}

function* vanishedIn(connection: ImapConnection, set: string): Generator<Change, void, undefined> {
  try {
    for (const range of readUidRanges(set)) yield { kind: "vanished", ...range };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const fault = protocolFault(connection, `sent ${error.message} as VANISHED`, error);
    connection.fail(fault);
    throw fault;
  }
}

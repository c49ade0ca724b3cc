import { quote } from "../../failures.ts";
import { UID_SET_OCTETS } from "../../limits.ts";
import { BodyDelivery, type Deliver } from "../connection/body-delivery.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { refusalOf } from "../connection/run.ts";
import { CommandRefusedError } from "../refusal.ts";
import { uidSetsOf } from "../uid-set.ts";

export type { Deliver, FetchedMessage } from "../connection/body-delivery.ts";

export interface FetchedBodies {
  /** UIDs that were delivered, in the order of delivery. What is missing is gone at the server, or it could not read it. */
  readonly delivered: number[];
  /** The server's own words, printable, where it ended a command with NO. */
  readonly refusal: string | null;
}

/**
 * Streams messages of the open folder to `deliver`, one after the other, in the server's order. The server is not read while a
 * promise of `deliver` is open, so memory is bounded whatever a message's size. What `deliver` leaves unread is skipped. When `deliver` throws, the connection is closed
 * and the error passed on.
 * @param onAsked called when everything has been asked for, so that the connection can be asked for something else, another folder even: what the server
 * does not hand out at the first asking is not asked for again then
 * @throws {Failure}
 */
export async function fetchBodies(
  connection: ImapConnection,
  uids: readonly number[],
  deliver: Deliver,
  onAsked?: () => void,
): Promise<FetchedBodies> {
  const delivery = new BodyDelivery(connection, uids, deliver);
  let refusal: string | null = null;
  const sorted = [...new Set(uids)].sort((a, b) => a - b);
  const asked = uidSetsOf(sorted, UID_SET_OCTETS).map((set) => fetchSet(connection, set, delivery, null));
  onAsked?.();
  const answers = await Promise.allSettled(asked);
  for (const answer of answers) {
    if (answer.status === "rejected") throw answer.reason;
    refusal = answer.value ?? refusal;
  }
  if (onAsked !== undefined) return { delivered: delivery.delivered, refusal };
  // A server may name the UID behind the message; asked for one message at a time, there is no doubt.
  for (const uid of delivery.takeUnnamed()) {
    refusal = (await fetchSet(connection, String(uid), delivery, uid)) ?? refusal;
  }
  return { delivered: delivery.delivered, refusal };
}

/** One command; the words of a refusal, or `null`. */
async function fetchSet(
  connection: ImapConnection,
  set: string,
  delivery: BodyDelivery,
  onlyUid: number | null,
): Promise<string | null> {
  const handle = connection.send(
    { name: "UID FETCH", pieces: [`UID FETCH ${set} (UID BODY.PEEK[])`], limitMs: null },
    {
      untagged: (response) => delivery.onResponse(response, onlyUid),
      literal: (start, size) => delivery.onLiteral(start, size, onlyUid),
    },
  );
  const answer = await handle.done.catch((error: Error) => delivery.abort(error));
  if (answer.status === "OK") return null;
  const error = refusalOf(connection, "UID FETCH", answer);
  // What could be read was delivered; the caller sees by the UIDs what could not.
  if (error instanceof CommandRefusedError) return quote(answer);
  throw error;
}

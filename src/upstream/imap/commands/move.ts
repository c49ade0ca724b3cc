import { invariant } from "../../../kit/invariant.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { ResponseCode, Untagged } from "../../../wire/imap/response.ts";
import { UID_SET_OCTETS } from "../../limits.ts";
import type { ImapConnection } from "../connection/connection.ts";
import type { Piece } from "../connection/outgoing.ts";
import { refusalOf, run } from "../connection/run.ts";
import { CommandRefusedError } from "../refusal.ts";
import { uidSetsOf, uidsOfSet } from "../uid-set.ts";
import { storeFlags } from "./store-flags.ts";

/** Where messages went (COPYUID, RFC 4315 §3). */
export interface CopiedUids {
  /** Of the folder that they went to. */
  readonly uidValidity: number;
  /** UID here → UID there. */
  readonly uids: ReadonlyMap<number, number>;
}

export type MoveResult =
  /**
   * `copied` is `null` where the server does not say it: because it cannot, or because none of the UIDs was there. Where it says it, messages
   * that are not named were gone before, or it could not move them.
   */
  | { readonly kind: "moved"; readonly copied: CopiedUids | null }
  /** The copies stand, and the messages are here still: the server does not let them be removed. */
  | {
      readonly kind: "copied-only";
      readonly copied: CopiedUids | null;
      readonly refusal: CommandRefusedError;
    }
  /** Nothing was done: the server could remove them only together with others that somebody has marked as deleted. */
  | { readonly kind: "not-possible" };

/** Above, a server's mapping is not taken: nobody asks for so many at once. */
const MAPPING_LIMIT = 200_000;

/**
 * Copies messages of the open folder, with flags and date (RFC 9051 §6.4.7). UIDs that are not there do nothing.
 * @param uidSet without `*`, not longer than `UID_SET_OCTETS`
 * @returns where they went; `null` where the server does not say
 * @throws {CommandRefusedError} with `code` TRYCREATE or NONEXISTENT where there is no such folder, OVERQUOTA, …: nothing was copied then
 */
export async function copyMessages(
  connection: ImapConnection,
  uidSet: string,
  target: FolderName,
): Promise<CopiedUids | null> {
  return await copyOrMove(connection, "UID COPY", uidSet, target);
}

/**
 * Moves messages of the open folder, with flags and date: by MOVE (RFC 6851) where offered, else by copy and UID EXPUNGE (RFC 4315 §2.1), never by
 * a plain EXPUNGE. UIDs that are not there do nothing.
 * @param uidSet without `*`, not longer than `UID_SET_OCTETS`
 * @throws {CommandRefusedError} as `copyMessages`: nothing was moved then, as far as the server says (RFC 6851 §3.3)
 */
export async function moveMessages(
  connection: ImapConnection,
  uidSet: string,
  target: FolderName,
): Promise<MoveResult> {
  if (connection.has("MOVE"))
    return { kind: "moved", copied: await copyOrMove(connection, "UID MOVE", uidSet, target) };
  if (!connection.has("UIDPLUS")) return { kind: "not-possible" };
  const copied = await copyMessages(connection, uidSet, target);
  // What the server says to have copied, where it says so: nothing else may go.
  const gone = copied === null ? [uidSet] : setsOf(copied);
  try {
    for (const set of gone) await remove(connection, set);
  } catch (error) {
    if (error instanceof CommandRefusedError) return { kind: "copied-only", copied, refusal: error };
    throw error;
  }
  return { kind: "moved", copied };
}

function setsOf(copied: CopiedUids): string[] {
  const uids = [...copied.uids.keys()].sort((a, b) => a - b);
  return uidSetsOf(uids, UID_SET_OCTETS);
}

async function remove(connection: ImapConnection, uidSet: string): Promise<void> {
  await storeFlags(connection, uidSet, "+", ["\\Deleted"]);
  const outgoing = { name: "UID EXPUNGE", pieces: [`UID EXPUNGE ${uidSet}`] };
  await run(connection, outgoing, { untagged: isRemovalNews });
}

async function copyOrMove(
  connection: ImapConnection,
  name: "UID COPY" | "UID MOVE",
  uidSet: string,
  target: FolderName,
): Promise<CopiedUids | null> {
  invariant(/^[0-9:,]+$/.test(uidSet), "messages are copied and moved by their UIDs");
  const pieces: Piece[] = [`${name} ${uidSet} `, folderArgument(target)];
  const said: ResponseCode[] = [];
  const answer = await connection.send(
    { name, pieces, limitMs: null },
    {
      untagged: (response) => {
        // RFC 6851 §4.3: MOVE says it before the answer, perhaps in several parts.
        const isCopyUid = response.kind === "status" && response.code?.name === "COPYUID";
        if (isCopyUid) said.push(response.code);
        return isCopyUid || (name === "UID MOVE" && isRemovalNews(response));
      },
    },
  ).done;
  if (answer.code?.name === "COPYUID") said.push(answer.code);
  // What was said to have moved has moved, though the server then refused the rest.
  const isPartial = name === "UID MOVE" && said.length > 0;
  if (answer.status !== "OK" && !isPartial) throw refusalOf(connection, name, answer);
  return copiedUids(said);
}

/** `null` where nothing was said, or what does not fit together. */
function copiedUids(said: readonly ResponseCode[]): CopiedUids | null {
  let validity: string | null = null;
  const mapping = new Map<number, number>();
  for (const { text } of said) {
    const [, uidValidity, from = "", to = ""] = /^([0-9]{1,10}) ([0-9:,]+) ([0-9:,]+)$/.exec(text) ?? [];
    validity ??= uidValidity ?? null;
    if (uidValidity === undefined || uidValidity !== validity) return null;
    const left = MAPPING_LIMIT - mapping.size;
    const [here, there] = [uidsOfSet(from, left), uidsOfSet(to, left)];
    if (here === null || here.length !== there?.length) return null;
    for (const [i, uid] of here.entries()) mapping.set(uid, there[i] as number);
  }
  return validity === null ? null : { uidValidity: Number(validity), uids: mapping };
}

/** One line a message that goes: they are expected here, and no chatter. */
function isRemovalNews(response: Untagged): boolean {
  return response.kind === "data" && (response.name === "EXPUNGE" || response.name === "VANISHED");
}

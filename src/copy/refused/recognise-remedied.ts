import type { Address } from "../../model/address.ts";
import type { FolderName, LedgerIntent, Remedy } from "../../model/ledger.ts";
import { fetchBodies } from "../../upstream/imap/commands/fetch-bodies.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { ContentDigest } from "../../upstream/imap/reading/content-digest.ts";
import { instantOf } from "../internal-date.ts";
import { holdsContent, originHash, readCoverMessageId } from "./wrap.ts";

/** Names the intent of a message that is on the ladder, so that what is left of it is looked for in those forms too. @param id as `Pass.intentId` gives it */
export function ladderIntentId(id: string): string {
  return `${id}${LADDER_INTENT}`;
}

/** Whether the intent is that of a message on the ladder. */
export function isLadderIntent({ id }: Pick<LedgerIntent, "id">): boolean {
  return id.endsWith(LADDER_INTENT);
}

const LADDER_INTENT = ".ladder";

/** Where messages were on the ladder when a pass ended, as the intent tells. Both folders are open. */
export interface RemediedPlace {
  readonly source: ImapConnection;
  readonly target: ImapConnection;
  readonly account: Address;
  readonly sourceFolder: FolderName;
  /** When the intent was written. */
  readonly sourceUidValidity: number;
}

/** A message of the target and what had been done to it. */
export interface RemediedArrival {
  readonly arrived: MessageMetadata;
  readonly remedy: Remedy;
}

/**
 * Which of the wanted source messages arrived mended or wrapped. To be asked for those of an intent that are found in no other way: a covering message
 * tells by its Message-ID what it holds, also after the source has changed its UIDVALIDITY; what was mended is told by its contents.
 * @param found target messages that may have been stored since the intent and that no ledger row explains, with Message-IDs
 * @returns source UID → what the target has of it; no target message twice
 * @throws {Failure} when a connection breaks
 */
export async function recogniseRemedied(
  at: RemediedPlace,
  wanted: readonly MessageMetadata[],
  found: readonly MessageMetadata[],
): Promise<Map<number, RemediedArrival>> {
  const arrivals = new Map<number, RemediedArrival>();
  const covers = found.flatMap((arrived) => {
    const cover = readCoverMessageId(arrived.messageId);
    return cover === null ? [] : [{ arrived, cover }];
  });
  for (const message of wanted) {
    const origin = originHash({
      account: at.account,
      folder: at.sourceFolder,
      uidValidity: at.sourceUidValidity,
      uid: message.uid,
    });
    const own = covers.findIndex(({ cover }) => cover.origin === origin);
    const [taken] = own < 0 ? [] : covers.splice(own, 1);
    if (taken) arrivals.set(message.uid, { arrived: taken.arrived, remedy: "wrapped" });
  }
  const plain = found.filter(({ messageId }) => readCoverMessageId(messageId) === null);
  const open = wanted.filter(({ uid }) => !arrivals.has(uid));
  const sources = open.filter(
    (message) =>
      plain.some((one) => isSimilar(message, one)) || covers.some((one) => isDated(message, one.arrived)),
  );
  if (sources.length === 0) return arrivals;
  const ofSources = await digests(at.source, sources);
  const ofTargets = await digests(
    at.target,
    plain.filter((one) => sources.some((message) => isSimilar(message, one))),
  );
  for (const { uid } of sources) {
    const digest = ofSources.get(uid);
    if (digest === undefined) continue;
    const mended = [...ofTargets].find(([, target]) => target.remedied === digest.remedied)?.[0];
    if (mended !== undefined) {
      ofTargets.delete(mended);
      const arrived = plain.find((one) => one.uid === mended);
      if (arrived) arrivals.set(uid, { arrived, remedy: "mended" });
      continue;
    }
    const own = covers.findIndex(({ cover }) => holdsContent(cover, digest.exact));
    const [taken] = own < 0 ? [] : covers.splice(own, 1);
    if (taken) arrivals.set(uid, { arrived: taken.arrived, remedy: "wrapped" });
  }
  return arrivals;
}

/** Mending leaves date and mostly the Message-ID; a server replaces a date far ahead by its own. */
function isSimilar(message: MessageMetadata, found: MessageMetadata): boolean {
  const sameId = found.messageId !== null && found.messageId === message.messageId;
  return sameId || isDated(message, found);
}

function isDated(message: MessageMetadata, found: MessageMetadata): boolean {
  return instantOf(message.internalDate) === instantOf(found.internalDate);
}

async function digests(
  connection: ImapConnection,
  messages: readonly MessageMetadata[],
): Promise<Map<number, { readonly exact: string; readonly remedied: string }>> {
  const found = new Map<number, { exact: string; remedied: string }>();
  if (messages.length === 0) return found;
  const uids = messages.map(({ uid }) => uid).sort((a, b) => a - b);
  await fetchBodies(connection, uids, async ({ uid, body }) => {
    const digest = new ContentDigest();
    for await (const piece of body) digest.update(piece);
    found.set(uid, digest.finish(uid));
  });
  return found;
}

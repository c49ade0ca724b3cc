import { printable } from "../kit/text.ts";
import type { Address } from "../model/address.ts";
import {
  type FolderName,
  type LadderStep,
  type LedgerEntry,
  type RefusedStep,
  type Remedy,
  SUBJECT_CHARACTERS,
} from "../model/ledger.ts";
import { type AppendResult, appendMessage, isAppendable } from "../upstream/imap/append.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { type FetchedMessage, fetchBodies } from "../upstream/imap/fetch-bodies.ts";
import type { MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { decodedHeader } from "../wire/message/encoded-words.ts";
import { Mender } from "../wire/message/mender.ts";
import { type MessageSurvey, Surveyor } from "../wire/message/survey.ts";
import { refusedEntry, storedEntry } from "./record.ts";
import { meaningOfRefusal, wordsOfRefusal } from "./refusal.ts";
import { Wrapper } from "./wrap.ts";

/** Where a message is taken from and where it goes. */
export interface LadderPlace {
  /** With the source folder open (EXAMINE). */
  readonly source: ImapConnection;
  readonly target: ImapConnection;
  readonly account: Address;
  readonly sourceFolder: FolderName;
  readonly sourceUidValidity: number;
  readonly targetFolder: FolderName;
  /** What is larger is not sent. */
  readonly sizeLimit: { readonly octets: number; readonly words: string } | null;
  /** To be called before octets are sent. @throws {Failure} `lease-lost` */
  readonly keepHold: () => Promise<void>;
}

/** A message that the target refuses alone and for its own sake. */
export interface RefusedMessage {
  readonly message: MessageMetadata;
  /** Those that the target is asked to keep. */
  readonly flags: readonly string[];
  /** What the target said when it was sent as it is. */
  readonly refusal: Pick<Extract<AppendResult, { kind: "refused" }>, "code" | "text">;
}

/** What became of a message on the ladder. `steps` = those that failed, with the server's words. */
export type LadderResult =
  /** `targetUid` is `null` where the target has no UIDPLUS. */
  | {
      readonly kind: "stored";
      readonly remedy: Remedy;
      readonly uidValidity: number | null;
      readonly targetUid: number | null;
      readonly subject: string;
      readonly steps: readonly RefusedStep[];
    }
  /** In no form: `words` are those of the last step. */
  | {
      readonly kind: "quarantined";
      readonly words: string;
      readonly subject: string;
      readonly steps: readonly RefusedStep[];
    }
  /** Nothing is wrong with the message: the mailbox is full, the folder gone, or the server has trouble of its own. */
  | { readonly kind: "over-quota" | "no-folder" | "later"; readonly words: string }
  /** The source does not hand it out (any more): what it said. */
  | { readonly kind: "not-given"; readonly words: string };

/**
 * Offers a refused message again: with line ends mended and NULs removed, where that changes anything, then unchanged inside a short covering message.
 * Same flags, same INTERNALDATE. The message is read from the source once to look at it and once for each step, and never held whole. The caller has written an
 * intent for this one message, so that `recogniseRemedied` finds what a crash leaves.
 * @throws {Failure} when a connection breaks
 */
export async function climbLadder(at: LadderPlace, refused: RefusedMessage): Promise<LadderResult> {
  const survey = await surveyOf(at, refused.message.uid);
  if ("words" in survey) return { kind: "not-given", words: survey.words };
  const subject = subjectOf(survey);
  const steps: RefusedStep[] = [{ step: "as-is", words: wordsOfRefusal(refused.refusal) }];
  for (const { remedy, transform } of remediesFor(at, refused, survey)) {
    const tooLarge = at.sizeLimit !== null && transform.size > at.sizeLimit.octets ? at.sizeLimit : null;
    if (tooLarge !== null) {
      steps.push({ step: remedy, words: `${transform.size} octets, ${tooLarge.words}` });
      continue;
    }
    const result = await sendThrough(at, refused, transform);
    if (result === null) return { kind: "not-given", words: "it gave no reason" };
    if (result.kind === "stored")
      return {
        kind: "stored",
        remedy,
        uidValidity: result.uidValidity,
        targetUid: result.uid,
        subject,
        steps,
      };
    const words = wordsOfRefusal(result);
    const meaning = meaningOfRefusal(result);
    if (meaning !== "message") return { kind: meaning, words };
    steps.push({ step: remedy, words });
  }
  return { kind: "quarantined", words: steps.at(-1)?.words ?? "", subject, steps };
}

/** The ledger's entry of a message that has been on the ladder; `null` where it should be copied later. */
export function ladderEntry(message: MessageMetadata, result: LadderResult): LedgerEntry | null {
  switch (result.kind) {
    case "stored": {
      const { remedy, subject, steps } = result;
      return { ...storedEntry(message, result.targetUid), remedy, subject, steps };
    }
    case "quarantined":
      return { ...refusedEntry(message, result.words), subject: result.subject, steps: result.steps };
    case "over-quota":
    case "no-folder":
    case "later":
    case "not-given":
      return null;
  }
}

/** Octets in, octets out, of a size that is known before. */
interface Transform {
  readonly size: number;
  push(chunk: Buffer): Buffer;
  finish(): Buffer;
}

function remediesFor(
  at: LadderPlace,
  { message, refusal }: RefusedMessage,
  survey: MessageSurvey,
): { readonly remedy: Remedy & LadderStep; readonly transform: Transform }[] {
  // Neither makes a message smaller (RFC 7889 §4) or its date one.
  if (refusal.code?.toUpperCase() === "TOOBIG" || !isAppendable({ ...message, size: 1 })) return [];
  const origin = {
    account: at.account,
    folder: at.sourceFolder,
    uidValidity: at.sourceUidValidity,
    uid: message.uid,
  };
  const wrapper = new Wrapper(origin, survey, message.internalDate, wordsOfRefusal(refusal));
  const wrapped = { remedy: "wrapped" as const, transform: wrapper };
  if (!survey.isMendable || survey.mendedSize === 0) return [wrapped];
  const mender = new Mender();
  const transform = {
    size: survey.mendedSize,
    push: (chunk: Buffer) => mender.push(chunk),
    finish: () => mender.finish(),
  };
  return [{ remedy: "mended", transform }, wrapped];
}

/** Reads the message without keeping it. */
async function surveyOf(at: LadderPlace, uid: number): Promise<MessageSurvey | { readonly words: string }> {
  const surveyor = new Surveyor();
  const { delivered, refusal } = await fetchBodies(at.source, [uid], async ({ body }) => {
    for await (const chunk of body) surveyor.push(chunk);
  });
  if (delivered.length > 0) return surveyor.finish();
  return { words: printable(refusal ?? "it gave no reason") };
}

/** `null` where the source does not hand the message out any more. */
async function sendThrough(
  at: LadderPlace,
  { message, flags }: RefusedMessage,
  transform: Transform,
): Promise<AppendResult | null> {
  let done: Promise<AppendResult> | null = null;
  await fetchBodies(at.source, [message.uid], async (fetched) => {
    const append = appendMessage(at.target, at.targetFolder, {
      flags,
      internalDate: message.internalDate,
      size: transform.size,
      body: transformed(at, fetched, transform),
    });
    // Awaited below; a connection that breaks before that must not count as a failure that nobody handles.
    append.done.catch(() => undefined);
    done = append.done;
    await append.sent;
  });
  return await (done as Promise<AppendResult> | null);
}

async function* transformed(
  at: LadderPlace,
  { body }: FetchedMessage,
  transform: Transform,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of body) {
    await at.keepHold();
    const octets = transform.push(chunk);
    if (octets.length > 0) yield octets;
  }
  await at.keepHold();
  const rest = transform.finish();
  if (rest.length > 0) yield rest;
}

function subjectOf(survey: MessageSurvey): string {
  return shownSubject(survey.fields.get("subject") ?? "");
}

/** A subject as the ledger keeps it, from the header's octets. */
export function shownSubject(latin1: string): string {
  const characters = [...printable(decodedHeader(latin1), 2 * SUBJECT_CHARACTERS).toWellFormed()];
  return characters.slice(0, SUBJECT_CHARACTERS).join("").trim();
}

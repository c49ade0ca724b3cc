import { printable } from "../../kit/text.ts";
import type { Address } from "../../model/address.ts";
import {
  type FolderName,
  type LadderStep,
  type LedgerEntry,
  type RefusedStep,
  type Remedy,
} from "../../model/ledger.ts";
import { type AppendResult, appendMessage, isAppendable } from "../../upstream/imap/commands/append.ts";
import { type FetchedMessage, fetchBodies } from "../../upstream/imap/commands/fetch-bodies.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { Mender } from "../../upstream/message/mender.ts";
import { type MessageSurvey, Surveyor } from "../../upstream/message/survey.ts";
import { refusedEntry, storedEntry } from "../record.ts";
import { isTooLarge, meaningOfRefusal, wordsOfRefusal } from "./refusal.ts";
import { shownSubject } from "./subjects.ts";
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
  /** Those that the target is asked to keep; where it refuses them, the keywords among them are left out. */
  readonly flags: readonly string[];
  /** What the target said when it was sent as it is: see `wordsOfRefusal`. */
  readonly words: string;
}

/** What became of a message on the ladder. `steps` = those that failed, with the server's words. */
export type LadderResult =
  /** `targetUid` is `null` where the target has no UIDPLUS; `remedy`, where it was taken as it is after all. */
  | {
      readonly kind: "stored";
      readonly remedy: Remedy | null;
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
 * Offers a refused message again: as it is, since a server may refuse for a reason that passes; with line ends mended and NULs removed, where that changes anything, then unchanged inside a short covering message.
 * Same flags, same INTERNALDATE. The message is read from the source once to look at it and once for each step, and never held whole. The caller has written an
 * intent for this one message, so that `recogniseRemedied` finds what a crash leaves.
 * @throws {Failure} when a connection breaks
 */
export async function climbLadder(at: LadderPlace, refused: RefusedMessage): Promise<LadderResult> {
  const survey = await surveyOf(at, refused.message.uid);
  if ("words" in survey) return { kind: "not-given", words: survey.words };
  const subject = shownSubject(survey.fields.get("subject") ?? "");
  const steps: RefusedStep[] = [];
  for (const rung of rungsFor(at, refused, survey)) {
    const { step, size } = rung;
    if (at.sizeLimit !== null && size > at.sizeLimit.octets) {
      steps.push({ step, words: `${size} octets, ${at.sizeLimit.words}` });
      continue;
    }
    const result = await sendRung(at, refused, rung);
    if (result === null) return { kind: "not-given", words: "it gave no reason" };
    if (result.kind === "stored") {
      const { uidValidity, uid } = result;
      const remedy = step === "as-is" ? null : step;
      return { kind: "stored", remedy, uidValidity, targetUid: uid, subject, steps };
    }
    const words = wordsOfRefusal(result);
    const meaning = meaningOfRefusal(result);
    if (meaning !== "message") return { kind: meaning, words };
    steps.push({ step, words });
  }
  if (steps.length === 0) steps.push({ step: "as-is", words: refused.words });
  return { kind: "quarantined", words: steps.at(-1)?.words ?? "", subject, steps };
}

/** The ledger's entry of a message that has been on the ladder; `null` where it should be copied later. */
export function ladderEntry(message: MessageMetadata, result: LadderResult): LedgerEntry | null {
  switch (result.kind) {
    case "stored": {
      const { remedy, subject, steps } = result;
      const entry = storedEntry(message, result.targetUid);
      return remedy === null ? entry : { ...entry, remedy, subject, steps };
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

/** Octets in, octets out. */
interface Transform {
  push(chunk: Buffer): Buffer;
  finish(): Buffer;
}

/** A form in which a message can be sent. */
interface Rung {
  readonly step: LadderStep;
  readonly size: number;
  begin(): Transform;
}

function rungsFor(at: LadderPlace, { message, words }: RefusedMessage, survey: MessageSurvey): Rung[] {
  // Nothing makes a message smaller (RFC 7889 §4), or its date one.
  if (isTooLarge(words) || !isAppendable({ ...message, size: 1 })) return [];
  const origin = {
    account: at.account,
    folder: at.sourceFolder,
    uidValidity: at.sourceUidValidity,
    uid: message.uid,
  };
  const wrapper = () => new Wrapper(origin, survey, message.internalDate, words);
  const asIs: Rung = { step: "as-is", size: survey.size, begin: () => UNCHANGED };
  const mended: Rung = { step: "mended", size: survey.mendedSize, begin: () => new Mender() };
  const wrapped: Rung = { step: "wrapped", size: wrapper().size, begin: wrapper };
  return survey.isMendable && survey.mendedSize > 0 ? [asIs, mended, wrapped] : [asIs, wrapped];
}

const UNCHANGED: Transform = { push: (chunk) => chunk, finish: () => Buffer.alloc(0) };

/** Reads the message without keeping it. */
async function surveyOf(at: LadderPlace, uid: number): Promise<MessageSurvey | { readonly words: string }> {
  const surveyor = new Surveyor();
  const { delivered, refusal } = await fetchBodies(at.source, [uid], async ({ body }) => {
    for await (const chunk of body) surveyor.push(chunk);
  });
  if (delivered.length > 0) return surveyor.finish();
  return { words: printable(refusal ?? "it gave no reason") };
}

/** A message is worth more than its keywords. */
async function sendRung(at: LadderPlace, refused: RefusedMessage, rung: Rung): Promise<AppendResult | null> {
  const result = await sendThrough(at, refused.message, refused.flags, rung);
  const plain = refused.flags.filter((flag) => flag.startsWith("\\"));
  const isFinal = result?.kind !== "refused" || meaningOfRefusal(result) !== "message";
  if (isFinal || plain.length === refused.flags.length) return result;
  return await sendThrough(at, refused.message, plain, rung);
}

/** `null` where the source does not hand the message out any more. */
async function sendThrough(
  at: LadderPlace,
  message: MessageMetadata,
  flags: readonly string[],
  rung: Rung,
): Promise<AppendResult | null> {
  const answers: Promise<AppendResult>[] = [];
  await fetchBodies(at.source, [message.uid], async (fetched) => {
    const append = appendMessage(at.target, at.targetFolder, {
      flags,
      internalDate: message.internalDate,
      size: rung.size,
      body: transformed(at, fetched, rung.begin()),
    });
    // Awaited below; a connection that breaks before that must not count as a failure that nobody handles.
    append.done.catch(() => undefined);
    answers.push(append.done);
    await append.sent;
  });
  return (await answers[0]) ?? null;
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

import { matchArrivals, matchByContent, type Recognisable } from "../../src/copy/recovery/match.ts";
import type { MessageMetadata } from "../../src/upstream/imap/commands/fetch-metadata.ts";

/** What a message is: equal kinds are equal in every octet, so copies of one message share one. */
export interface Kind {
  /** Minute of the INTERNALDATE. */
  readonly minute: number;
  readonly size: number;
  readonly messageId: string | null;
  readonly content: string;
  /** The target refuses it. */
  readonly isRefused: boolean;
}

export interface SourceMessage {
  uid: number;
  readonly kind: Kind;
  flags: Set<string>;
}

export interface TargetMessage {
  readonly uid: number;
  readonly kind: Kind;
  readonly isForeign: boolean;
  /** The user has changed its flags, so they need not be those of the source. */
  isTouched: boolean;
  flags: Set<string>;
}

/** Source UID → target UID of what arrived, as the copier tells it. */
export function match(
  wanted: readonly SourceMessage[],
  found: readonly TargetMessage[],
): Map<number, number> {
  const { pairs, unclear } = matchArrivals(wanted.map(recognisable), found.map(recognisable));
  const contents = (messages: readonly { uid: number; kind: Kind }[], uids: readonly number[]) =>
    new Map(messages.filter(({ uid }) => uids.includes(uid)).map(({ uid, kind }) => [uid, kind.content]));
  const byContent = matchByContent(contents(wanted, unclear.sources), contents(found, unclear.targets));
  return new Map([...pairs, ...byContent].map(({ source, target }) => [source, target]));
}

function recognisable({ uid, kind }: { uid: number; kind: Kind }): Recognisable {
  return { uid, instant: kind.minute * 60, size: kind.size, messageId: kind.messageId };
}

/** A message as a server lists it. */
export function listedAs({ uid, kind, flags }: SourceMessage | TargetMessage): MessageMetadata {
  const minute = String(kind.minute).padStart(2, "0");
  return {
    uid,
    flags: [...flags],
    internalDate: `01-Jan-1970 00:${minute}:00 +0000`,
    size: kind.size,
    messageId: kind.messageId,
  };
}

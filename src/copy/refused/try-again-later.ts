import type { Failure } from "../../model/failure.ts";
import type { TryAgain } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import { BREAKING_PASSES, BROKEN_OFF_WAIT_S } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { refusedEntry } from "../record.ts";

const BY_SOURCE = "the old server breaks off while sending it";
const BY_TARGET = "the target breaks off while storing it";

/** Records that the connection to one of the servers broke whenever the message was on its way. It may have been the network after all: some later passes try it again. */
export async function recordBrokenOff(
  pass: Pass,
  folder: FolderPair,
  message: MessageMetadata,
  broken: Failure,
): Promise<void> {
  const before = folder.entries.get(message.uid)?.tryAgain;
  const words = broken.kind.startsWith("source") ? BY_SOURCE : BY_TARGET;
  const entry = { ...refusedEntry(message, words), ...tryLater(before, pass.deps.clock.now()) };
  await pass.ledger.record(folder.source, [entry], null);
}

/** When a message is tried next that has broken the connection once more; nothing where it has had all its tries. */
export function tryLater(before: TryAgain | undefined, now: number): { readonly tryAgain?: TryAgain } {
  const passes = (before?.passes ?? 0) + 1;
  if (passes >= BREAKING_PASSES) return {};
  const from = Math.ceil(now / 1_000) + BROKEN_OFF_WAIT_S * 2 ** (passes - 1);
  return { tryAgain: { passes, from } };
}

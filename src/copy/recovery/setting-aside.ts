import type { FolderName, LedgerEntry } from "../../model/ledger.ts";
import { setAsideName } from "../../model/set-aside.ts";
import { goneEntries, isAtSource } from "../changes/entry-state.ts";
import type { Pass } from "../pass.ts";

/**
 * Notes messages of a folder that was made anew at the source without them: they are not forgotten, since they may be in another folder now.
 * @param entries as they were under the folder's former UIDVALIDITY
 */
export async function setMessagesAside(
  pass: Pass,
  source: FolderName,
  entries: readonly LedgerEntry[],
): Promise<void> {
  const head = pass.ledger.folder(source)?.head;
  if (head === undefined || entries.length === 0) return;
  const name = setAsideName(source, head.sourceUidValidity);
  await pass.ledger.putHead({ ...head, source: name, sourceMessages: null, sourceHighestModSeq: null });
  const [present, gone] = [entries.filter(isAtSource), entries.filter((entry) => !isAtSource(entry))];
  await pass.ledger.record(name, [...gone, ...goneEntries(present, pass.lease.token)], null);
}

import { isAtSource } from "../copy/changes/entry-state.ts";
import type { Account } from "../model/account.ts";
import type { Address } from "../model/address.ts";
import { folderKey } from "../model/folder.ts";
import type { FolderName, LedgerEntry, LedgerFolder, RefusedStep, Remedy } from "../model/ledger.ts";
import type { Store } from "../store/store.ts";
import { shownFolderName } from "./folder-name.ts";

/**
 * `refused` = it is not on the target; `gone` = nor at the source any more; `mended`, `wrapped` = it is on the target, in that form; `stored` = as it
 * was.
 */
export type MessageOutcome = "refused" | "gone" | "stored" | Remedy;

/** A message that the target has refused, at least as it is; names decoded for people. */
export interface QuarantinedMessage {
  readonly address: Address;
  /** At the source. */
  readonly folder: string;
  readonly uid: number;
  readonly uidValidity: number;
  /** INTERNALDATE, ISO 8601 UTC. */
  readonly date: string;
  readonly size: number;
  /** `null` where it was never read. */
  readonly subject: string | null;
  readonly outcome: MessageOutcome;
  /** Why it is not there as it was, in the server's words; `null` where a crash came before they were noted. */
  readonly reason: string | null;
  /** Each form in which it was refused. */
  readonly steps: readonly RefusedStep[];
  /** Somebody has asked for it, and the next pass tries it again. */
  readonly isTriedAgain: boolean;
  readonly targetFolder: string;
  readonly targetUid: number | null;
}

/** Which messages of an account are meant. */
export interface QuarantineFilter {
  /** As people write it (see `shownFolderName`) or as the server does. */
  readonly folder?: string | undefined;
  readonly uid?: number | undefined;
}

/** Whether the account may have messages in quarantine: where a pass is under way, or did not end, its count may lag behind. */
export function mayHaveQuarantine(account: Account): boolean {
  return account.quarantined > 0 || ["copying", "attention"].includes(account.state);
}

/**
 * The messages of an account that are in quarantine, by folder and UID.
 * @param options `all`: those too that the target has taken mended or wrapped
 */
export async function quarantineOf(
  deps: { readonly store: Store },
  address: Address,
  options: { readonly all: boolean },
): Promise<QuarantinedMessage[]> {
  const folders = await deps.store.ledger.load(address);
  return folders.flatMap((folder) =>
    folder.entries
      .filter((entry) => isQuarantined(entry) || (options.all && entry.remedy !== undefined))
      .map((entry) => shownMessage(address, folder, entry)),
  );
}

/** Whether the message stands in the list: the target has it in no form, and the source has it still. */
export function isQuarantined(entry: LedgerEntry): boolean {
  return entry.refusal !== null && isAtSource(entry);
}

/** The account's source folder of that name, decoded or as the server writes it. */
export function folderNamed(folders: readonly LedgerFolder[], name: string): LedgerFolder | undefined {
  const octets = Buffer.from(name, "utf8").toString("latin1");
  return (
    folders.find(({ source }) => shownFolderName(source) === name || folderKey(source) === folderKey(name)) ??
    folders.find(({ source }) => source === octets)
  );
}

/** What the ledger says of one source message, refused or not; `undefined` where it does not know it. */
export async function findMessage(
  deps: { readonly store: Store },
  address: Address,
  folder: string,
  uid: number,
): Promise<
  | { readonly message: QuarantinedMessage; readonly source: FolderName; readonly entry: LedgerEntry }
  | undefined
> {
  const found = folderNamed(await deps.store.ledger.load(address), folder);
  const entry = found?.entries.find(({ sourceUid }) => sourceUid === uid);
  return found && entry && { message: shownMessage(address, found, entry), source: found.source, entry };
}

/** One entry of the ledger for people. */
export function shownMessage(address: Address, folder: LedgerFolder, entry: LedgerEntry): QuarantinedMessage {
  const { refusal, steps = [], tryAgain } = entry;
  return {
    address,
    folder: shownFolderName(folder.source),
    uid: entry.sourceUid,
    uidValidity: folder.sourceUidValidity,
    date: new Date(entry.internalDate * 1000).toISOString(),
    size: entry.size,
    subject: entry.subject ?? null,
    outcome: outcomeOf(entry),
    reason: refusal ?? steps.at(-1)?.words ?? null,
    steps,
    isTriedAgain: tryAgain === true && isQuarantined(entry),
    targetFolder: shownFolderName(folder.target),
    targetUid: entry.targetUid,
  };
}

function outcomeOf(entry: LedgerEntry): MessageOutcome {
  if (isQuarantined(entry)) return "refused";
  if (entry.targetUid === null && !isAtSource(entry)) return "gone";
  return entry.remedy ?? "stored";
}

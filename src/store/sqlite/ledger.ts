import type { Address } from "../../model/address.ts";
import type { LedgerBatch, LedgerEntry, LedgerFolder, LedgerIntent } from "../../model/ledger.ts";
import {
  FencedError,
  type KnownEntries,
  type LedgerStore,
  NotFoundError,
  StoreConflictError,
} from "../store.ts";
import type { Database } from "./database.ts";
import { decodeEntries, encodeEntries } from "./ledger-codec.ts";
import { number, numberOrNull, octets, octetsOrNull, type Row, text, textOrNull } from "./rows.ts";

/** The ledgers of a SQLite store: a head and a snapshot a folder, a journal row a batch. */
export function sqliteLedger(database: Database): LedgerStore {
  /** Every write goes through here: the token is compared inside the transaction that writes. */
  const fenced = (address: Address, token: number, work: () => void) => {
    database.transaction(() => {
      checkToken(database, address, token);
      work();
    });
  };
  return {
    async begin(address, token) {
      database.transaction(() => begin(database, address, token));
    },

    async load(address) {
      return database
        .prepare("SELECT * FROM ledger_folder WHERE address = ? ORDER BY source")
        .all(address)
        .map((row) => folderOfRow(row, entriesOf(database, row)));
    },

    async putFolder(address, token, folder) {
      fenced(address, token, () => putFolder(database, address, folder));
    },

    async replaceEntries(address, token, source, entries) {
      fenced(address, token, () =>
        putSnapshot(database, folderId(database, address, source), sorted(entries)),
      );
    },

    async intents(address) {
      return database
        .prepare("SELECT intent FROM ledger_intent WHERE address = ? ORDER BY id")
        .all(address)
        .map((row) => JSON.parse(text(row, "intent")) as LedgerIntent);
    },

    async intend(address, token, intent) {
      const put = database.prepare(
        "INSERT INTO ledger_intent (address, id, intent) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET intent = excluded.intent",
      );
      fenced(address, token, () => put.run(address, intent.id, JSON.stringify(intent)));
    },

    async record(address, token, batch, intentId) {
      const write = recordingOf(database, address, [batch], intentId);
      fenced(address, token, write);
    },

    async recordAll(address, token, batches, intentId) {
      const write = recordingOf(database, address, batches, intentId);
      fenced(address, token, write);
    },

    async renameFolder(address, token, from, to) {
      fenced(address, token, () => renameFolder(database, address, from, to));
    },

    async fold(address, token, known = () => undefined) {
      fenced(address, token, () => fold(database, address, known));
    },
  };
}

/** What records the batches and clears the intent; the work that needs no transaction is done before. */
function recordingOf(
  database: Database,
  address: Address,
  batches: readonly LedgerBatch[],
  intentId: string | null,
): () => void {
  const append = database.prepare("INSERT INTO ledger_journal (folder, batch) VALUES (?, ?)");
  const clear = database.prepare("DELETE FROM ledger_intent WHERE address = ? AND id = ?");
  const rows = batches
    .filter(({ entries }) => entries.length > 0)
    .map(({ source, entries }) => ({ source, blob: encodeEntries(sorted(entries)) }));
  return () => {
    for (const { source, blob } of rows) append.run(folderId(database, address, source), blob);
    if (intentId !== null) clear.run(address, intentId);
  };
}

function begin(database: Database, address: Address, token: number): void {
  if (database.prepare("SELECT 1 FROM account WHERE address = ?").get(address) === undefined)
    throw new NotFoundError(`there is no account ${address}`);
  const known = database.prepare("SELECT token FROM ledger_fence WHERE address = ?").get(address);
  if (known && number(known, "token") > token) throw fencedError(address);
  database
    .prepare(
      "INSERT INTO ledger_fence (address, token) VALUES (?, ?) ON CONFLICT DO UPDATE SET token = excluded.token",
    )
    .run(address, token);
}

function checkToken(database: Database, address: Address, token: number): void {
  const known = database.prepare("SELECT token FROM ledger_fence WHERE address = ?").get(address);
  if (known === undefined || number(known, "token") !== token) throw fencedError(address);
}

function putFolder(database: Database, address: Address, folder: Omit<LedgerFolder, "entries">): void {
  database
    .prepare(
      `INSERT INTO ledger_folder
         (address, source, source_uid_validity, source_uid_next, source_messages, source_highest_mod_seq, target, target_uid_validity)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (address, source) DO UPDATE SET source_uid_validity = excluded.source_uid_validity,
         source_uid_next = excluded.source_uid_next, source_messages = excluded.source_messages,
         source_highest_mod_seq = excluded.source_highest_mod_seq, target = excluded.target,
         target_uid_validity = excluded.target_uid_validity`,
    )
    .run(
      address,
      folder.source,
      folder.sourceUidValidity,
      folder.sourceUidNext,
      folder.sourceMessages,
      folder.sourceHighestModSeq,
      folder.target,
      folder.targetUidValidity,
    );
}

function fold(database: Database, address: Address, known: KnownEntries): void {
  const rows = database
    .prepare(
      "SELECT * FROM ledger_folder WHERE address = ? AND EXISTS (SELECT 1 FROM ledger_journal WHERE folder = ledger_folder.id)",
    )
    .all(address);
  for (const row of rows) {
    const entries = known(text(row, "source"));
    putSnapshot(database, number(row, "id"), entries ? sorted([...entries]) : entriesOf(database, row));
  }
}

function renameFolder(database: Database, address: Address, from: string, to: string): void {
  const id = folderId(database, address, from);
  const taken = database
    .prepare("SELECT 1 FROM ledger_folder WHERE address = ? AND source = ?")
    .get(address, to);
  if (taken !== undefined) throw new StoreConflictError(`the ledger of ${address} knows that folder already`);
  database.prepare("UPDATE ledger_folder SET source = ? WHERE id = ?").run(to, id);
  database
    .prepare(
      "UPDATE ledger_intent SET intent = json_set(intent, '$.source', ?) WHERE address = ? AND json_extract(intent, '$.source') = ?",
    )
    .run(to, address, from);
}

/** Makes these entries the folder's only ones. */
function putSnapshot(database: Database, folder: number, entries: readonly LedgerEntry[]): void {
  database.prepare("UPDATE ledger_folder SET snapshot = ? WHERE id = ?").run(encodeEntries(entries), folder);
  database.prepare("DELETE FROM ledger_journal WHERE folder = ?").run(folder);
}

/** The snapshot with the journal over it: the latest word about a source UID counts. */
function entriesOf(database: Database, folder: Row): LedgerEntry[] {
  const snapshot = octetsOrNull(folder, "snapshot");
  const known = snapshot === null ? [] : decodeEntries(snapshot);
  const journal = database
    .prepare("SELECT batch FROM ledger_journal WHERE folder = ? ORDER BY id")
    .all(number(folder, "id"));
  if (journal.length === 0) return known;
  const byUid = new Map(known.map((entry) => [entry.sourceUid, entry]));
  for (const row of journal) {
    for (const entry of decodeEntries(octets(row, "batch"))) byUid.set(entry.sourceUid, entry);
  }
  return sorted([...byUid.values()]);
}

function folderOfRow(row: Row, entries: readonly LedgerEntry[]): LedgerFolder {
  return {
    source: text(row, "source"),
    sourceUidValidity: number(row, "source_uid_validity"),
    sourceUidNext: numberOrNull(row, "source_uid_next"),
    sourceMessages: numberOrNull(row, "source_messages"),
    sourceHighestModSeq: textOrNull(row, "source_highest_mod_seq"),
    target: text(row, "target"),
    targetUidValidity: numberOrNull(row, "target_uid_validity"),
    entries,
  };
}

function folderId(database: Database, address: Address, source: string): number {
  const row = database
    .prepare("SELECT id FROM ledger_folder WHERE address = ? AND source = ?")
    .get(address, source);
  if (row === undefined) throw unknownFolder(address);
  return number(row, "id");
}

function unknownFolder(address: Address): NotFoundError {
  return new NotFoundError(`the ledger of ${address} knows no such folder yet`);
}

function sorted(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return entries.toSorted((a, b) => a.sourceUid - b.sourceUid);
}

function fencedError(address: Address): FencedError {
  return new FencedError(`another worker has taken over ${address}; nothing was written`);
}

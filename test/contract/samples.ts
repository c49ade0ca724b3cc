import type { NewAccount } from "../../src/model/account.ts";
import { DEFAULT_FOLDER_POLICIES, type Domain } from "../../src/model/domain.ts";
import type { LedgerEntry, LedgerFolder, LedgerIntent } from "../../src/model/ledger.ts";

/** Times of the suites, in order. */
export const T1 = "2026-03-01T10:00:00.000Z";
export const T2 = "2026-03-01T11:00:00.000Z";
export const T3 = "2026-03-01T12:00:00.000Z";

export function sampleDomain(name: string, changes: Partial<Domain> = {}): Domain {
  return {
    name,
    state: "preparing",
    source: {
      host: `mail.${name}`,
      port: 143,
      tls: "starttls",
      ca: null,
      verify: true,
      fingerprints: [],
      weakTls: false,
    },
    login: "address",
    cutover: { mx: [], txt: [] },
    ...DEFAULT_FOLDER_POLICIES,
    serve: "target",
    createdAt: T1,
    finalizedAt: null,
    ...changes,
  };
}

export function sampleAccount(address: string, changes: Partial<NewAccount> = {}): NewAccount {
  const domain = address.slice(address.indexOf("@") + 1);
  return { address, domain, sourceLogin: null, name: null, quota: null, ...changes };
}

export function sampleEntry(sourceUid: number, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  const internalDate = 1_700_000_000 + sourceUid;
  return {
    sourceUid,
    targetUid: sourceUid + 100,
    flags: ["\\Seen"],
    internalDate,
    size: 2048,
    refusal: null,
    ...changes,
  };
}

export function sampleFolder(
  source: string,
  changes: Partial<LedgerFolder> = {},
): Omit<LedgerFolder, "entries"> {
  return {
    source,
    sourceUidValidity: 7,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target: source,
    targetUidValidity: 9,
    ...changes,
  };
}

export function sampleIntent(id: string, changes: Partial<LedgerIntent> = {}): LedgerIntent {
  return {
    id,
    source: "INBOX",
    sourceUidValidity: 7,
    target: "INBOX",
    targetUidValidity: 9,
    targetUidNext: 101,
    sourceUids: [1, 2, 3],
    at: T1,
    ...changes,
  };
}

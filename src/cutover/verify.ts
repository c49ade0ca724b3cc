import type { CopyDeps } from "../copy/deps.ts";
import type { Secret } from "../kit/secret.ts";
import type { Account } from "../model/account.ts";
import type { Address } from "../model/address.ts";
import { type Domain, sourceLoginOf } from "../model/domain.ts";
import type { LedgerFolder } from "../model/ledger.ts";
import { isSetAside } from "../model/set-aside.ts";
import type { LoginHow } from "../upstream/imap/commands/login.ts";
import {
  openIndependentReader,
  reasonAgainstIndependentReader,
} from "../upstream/imap/reading/independent-reader.ts";
import { openOwnReader } from "../upstream/imap/reading/own-reader.ts";
import type { Reader } from "../upstream/imap/reading/reader.ts";
import { targetLoginHow } from "../upstream/target-login.ts";
import { compareFolders, type VerifyProgress } from "./compare-folders.ts";
import type { AccountComparison } from "./comparison.ts";

export type VerifyDeps = Pick<CopyDeps, "store" | "vault" | "target" | "log">;

export interface VerifyOptions {
  /** Whether to compare the contents of all messages, not only of those whose sizes differ. */
  readonly deep: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then while contents are read. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/** The account cannot be compared now; the message says why and what to do. */
export class NotComparableError extends Error {
  override readonly name = "NotComparableError";
}

/**
 * Compares one account on source and target, folder by folder, and changes nothing on either.
 * @throws {NotComparableError} when its user has not logged in yet, or the domain is finalized
 * @throws {Failure} when one of the servers cannot be read
 */
export async function verifyAccount(
  deps: VerifyDeps,
  address: Address,
  options: VerifyOptions,
): Promise<AccountComparison> {
  const way = await wayToBothSides(deps, address);
  const ledger = await deps.store.ledger.load(address);
  const reason = reasonForOwnReader(way, ledger);
  const open = (side: "source" | "target") => {
    const { endpoint, how } = way[side];
    const opening = { signal: options.signal };
    if (reason === null) return openIndependentReader(side, endpoint, how, opening);
    return openOwnReader(deps, side, endpoint, how, opening);
  };
  try {
    const source = await open("source");
    try {
      const target = await open("target");
      try {
        return await compareBoth(address, { source, target }, ledger, way, reason, options);
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  } finally {
    way.wipe();
  }
}

async function compareBoth(
  address: Address,
  readers: { source: Reader; target: Reader },
  ledger: readonly LedgerFolder[],
  way: Way,
  reason: string | null,
  options: VerifyOptions,
): Promise<AccountComparison> {
  const { copiedSince, exclude } = way;
  const { folders, excluded } = await compareFolders(readers, ledger, {
    ...options,
    address,
    copiedSince,
    exclude,
  });
  return {
    address,
    equal: folders.every((folder) => folder.equal),
    reader: readers.source.client,
    remarks: reason === null ? [] : [`read by imbarco's own client, because ${reason}`],
    folders,
    excluded,
  };
}

interface Way {
  readonly source: { readonly endpoint: Domain["source"]; readonly how: LoginHow };
  readonly target: { readonly endpoint: Domain["source"]; readonly how: LoginHow };
  /** Seconds since 1970. */
  readonly copiedSince: number;
  /** What the domain does not copy. */
  readonly exclude: readonly string[];
  /** Forgets the passwords. */
  wipe(): void;
}

/**
 * Endpoints and credentials for both sides of an account. The caller wipes them.
 * @throws {NotComparableError} when its user has not logged in yet, or the domain is finalized
 */
export async function wayToBothSides(deps: VerifyDeps, address: Address): Promise<Way> {
  const account = await deps.store.accounts.get(address);
  if (!account) throw new NotComparableError(`There is no account ${address}.`);
  const domain = await deps.store.domains.get(account.domain);
  if (!domain || domain.state === "finalized")
    throw new NotComparableError(
      `The domain of ${address} is finalized: its source is not contacted any more.`,
    );
  const credentials = await deps.store.accounts.getCredentials(address);
  if (!credentials?.sealedSource)
    throw new NotComparableError(
      `${address} has not logged in yet, so there is no password to read its source with: see "imbarco migrate".`,
    );
  const login = sourceLoginOf(domain, account);
  const sourcePassword = deps.vault.unseal(credentials.sealedSource, {
    address,
    use: "source",
    host: domain.source.host,
    login,
  });
  const targetPassword: Secret = credentials.sealedTarget
    ? deps.vault.unseal(credentials.sealedTarget, {
        address,
        use: "target",
        host: deps.target.imap.host,
        login: address,
      })
    : sourcePassword.copy();
  return {
    source: {
      endpoint: domain.source,
      how: { kind: "password", user: Buffer.from(login, "utf8"), password: sourcePassword },
    },
    target: { endpoint: deps.target.imap, how: targetLoginHow(deps.target.login, address, targetPassword) },
    copiedSince: startOf(account),
    exclude: domain.exclude,
    wipe: () => {
      sourcePassword.wipe();
      targetPassword.wipe();
    },
  };
}

function startOf(account: Account): number {
  return Math.floor(Date.parse(account.copyStartedAt ?? account.createdAt) / 1000);
}

function reasonForOwnReader(way: Way, ledger: readonly LedgerFolder[]): string | null {
  const sourceNames = ledger.map((folder) => folder.source).filter((name) => !isSetAside(name));
  const targetNames = ledger.map((folder) => folder.target);
  return (
    reasonAgainstIndependentReader(way.source.how, sourceNames) ??
    reasonAgainstIndependentReader(way.target.how, targetNames)
  );
}

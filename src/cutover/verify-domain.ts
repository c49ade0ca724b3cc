import { Semaphore } from "../kit/semaphore.ts";
import { asFailure } from "../model/failure.ts";
import { NotFoundError } from "../store/store.ts";
import type { AccountComparison, Comparison, NotCompared } from "./comparison.ts";
import { NotComparableError, type VerifyDeps, type VerifyOptions, verifyAccount } from "./verify.ts";

/** Accounts that are compared at the same time: each costs one connection to either side. */
const ACCOUNTS_AT_ONCE = 2;

/**
 * Compares all accounts of a domain that are on their way. Those whose users have not logged in are listed; so is one whose servers cannot be
 * read, and then the whole is not equal.
 * @throws {NotFoundError}; {NotComparableError} when the domain is finalized
 */
export async function verifyDomain(
  deps: VerifyDeps,
  name: string,
  options: VerifyOptions,
): Promise<Comparison> {
  const domain = await deps.store.domains.get(name);
  if (!domain)
    throw new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
  if (domain.state === "finalized")
    throw new NotComparableError(`${name} is finalized: its source is not contacted any more.`);
  const notCompared: NotCompared[] = [];
  const addresses: string[] = [];
  for await (const account of deps.store.accounts.list({ domain: name })) {
    if (account.state !== "waiting") addresses.push(account.address);
    else
      notCompared.push({
        address: account.address,
        kind: "waiting",
        message: "its user has not logged in yet",
      });
  }
  const places = new Semaphore(ACCOUNTS_AT_ONCE);
  const results = await Promise.all(
    addresses.map((address) => places.run(() => compareOrSay(deps, address, options))),
  );
  const accounts: AccountComparison[] = [];
  for (const result of results) {
    if ("folders" in result) accounts.push(result);
    else notCompared.push(result);
  }
  const equal = accounts.every((one) => one.equal) && notCompared.every((one) => one.kind === "waiting");
  return { equal, accounts, notCompared };
}

async function compareOrSay(
  deps: VerifyDeps,
  address: string,
  options: VerifyOptions,
): Promise<AccountComparison | NotCompared> {
  try {
    return await verifyAccount(deps, address, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return { address, kind: "failed", message: asFailure(error).message };
  }
}

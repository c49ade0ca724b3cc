import type { Account } from "../model/account.ts";
import { type Domain, sourceLoginOf } from "../model/domain.ts";
import type { Endpoint } from "../model/endpoint.ts";

/** Where a sealed password belongs. It opens for exactly the same context only. */
export interface SealContext {
  readonly address: string;
  readonly use: "source" | "target";
  /** The server that the password is for. */
  readonly host: string;
  /** The name to log in with there. */
  readonly login: string;
}

/** The context of an account's password for its domain's source. */
export function sourceSealContext(
  domain: Domain,
  account: Pick<Account, "address" | "sourceLogin">,
): SealContext {
  return {
    address: account.address,
    use: "source",
    host: domain.source.host,
    login: sourceLoginOf(domain, account),
  };
}

/** The context of an account's password for the target, where the account logs in by its address. */
export function targetSealContext(target: Pick<Endpoint, "host">, address: string): SealContext {
  return { address, use: "target", host: target.host, login: address };
}

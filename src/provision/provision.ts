import type { Address } from "../model/address.ts";

/** What the target must know of an account. */
export interface ProvisionRequest {
  readonly address: Address;
  /** `{ARGON2ID}$argon2id$…`: a scheme that Dovecot knows; `null` = create the account locked: nobody can log in with any password. */
  readonly verifier: string | null;
  readonly name: string | null;
  /** Octets. */
  readonly quota: number | null;
}

/**
 * Makes accounts usable on the target. Every call may be repeated: the same request twice changes nothing. An account without a password is
 * locked, never empty.
 */
export interface Provisioner {
  /**
   * Creates the account where needed and sets its password; with `verifier: null` creates it locked, and leaves an existing account alone.
   * @throws {Failure} `provision-failed` with the file or server and what to do
   */
  ensure(request: ProvisionRequest): Promise<void>;
  /**
   * Many accounts at once, as an import makes them: few writes where the driver can. A million may come, so they are read as they
   * come, and nothing is locked while reading. One that cannot be provisioned does not keep the others from it.
   * @throws {Failure} `provision-failed` at the end, naming the first that could not be
   */
  ensureMany(requests: AsyncIterable<ProvisionRequest> | Iterable<ProvisionRequest>): Promise<void>;
  exists(address: Address): Promise<boolean>;
  /** Takes the account off the target's user list; its mail stays. Absent is fine. */
  remove(address: Address): Promise<void>;
  /** A word for logs and `imbarco check`: driver and place. */
  readonly describe: string;
}

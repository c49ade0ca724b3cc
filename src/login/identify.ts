import { type Address, AddressError, domainOf, parseAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { Store } from "../store/store.ts";
import type { LoginRequest, Subject } from "./deps.ts";

/**
 * Who logs in. `undefined` = nobody of that name: no address, no such account, or somebody who wants to act for another.
 * @throws {Failure} `domain-not-open` for every address in a domain that is not open yet, whether or not there is such an account
 */
export async function identify(
  store: Store,
  request: Pick<LoginRequest, "user" | "authzid">,
): Promise<Subject | undefined> {
  const address = addressTyped(request.user);
  if (address === undefined || !actsForItself(address, request.authzid)) return undefined;
  const domain = await store.domains.get(domainOf(address));
  if (domain === undefined) return undefined;
  if (domain.state === "preparing")
    throw new Failure(
      "domain-not-open",
      `${domain.name} is not open for logins yet: imbarco domain enable ${domain.name}`,
    );
  const account = await store.accounts.get(address);
  return account && { account, domain };
}

/** The address that a user has typed; `undefined` where it is none. Old programs send Latin-1. */
export function addressTyped(user: Buffer): Address | undefined {
  try {
    return parseAddress(textOf(user));
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** RFC 4616 §2: an empty authorization identity means the authentication identity. */
function actsForItself(address: Address, authzid: Buffer | null): boolean {
  return authzid === null || authzid.length === 0 || addressTyped(authzid) === address;
}

function textOf(octets: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    return octets.toString("latin1"); // not UTF-8: every octet is a character there
  }
}

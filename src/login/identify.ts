import { isUtf8 } from "node:buffer";
import { type Address, AddressError, parseAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { LoginRecord, Store } from "../store/store.ts";
import type { LoginRequest, Subject } from "./deps.ts";

/**
 * Who logs in, and what is kept of the passwords. `undefined` = nobody of that name: no address, no such account, or somebody who wants to act for another.
 * @throws {Failure} `domain-not-open` for every address in a domain that is not open yet, whether or not there is such an account
 */
export async function identify(
  store: Store,
  request: Pick<LoginRequest, "user" | "authzid">,
): Promise<(Subject & Pick<LoginRecord, "kept">) | undefined> {
  const address = addressTyped(request.user);
  if (address === undefined || !actsForItself(address, request.authzid)) return undefined;
  const record = await store.accounts.findLogin(address);
  if (record === undefined) return undefined;
  const { domain, account, kept } = record;
  if (domain.state === "preparing")
    throw new Failure(
      "domain-not-open",
      `${domain.name} is not open for logins yet: imbarco domain enable ${domain.name}`,
    );
  return account && { account, domain, kept };
}

/** What was found in names that are still being used: a login asks several times. */
const typed = new WeakMap<Buffer, { readonly address: Address | undefined }>();

/** The address that a user has typed; `undefined` where it is none. Old programs send Latin-1. */
export function addressTyped(user: Buffer): Address | undefined {
  let known = typed.get(user);
  if (known === undefined) {
    known = { address: addressIn(user) };
    typed.set(user, known);
  }
  return known.address;
}

function addressIn(user: Buffer): Address | undefined {
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
  // What is not UTF-8: every octet is a character there. A decoder that throws costs ten times as much.
  return octets.toString(isUtf8(octets) ? "utf8" : "latin1");
}

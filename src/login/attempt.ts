import { createHmac, createSecretKey } from "node:crypto";
import type { Secret } from "../kit/secret.ts";
import { domainOf } from "../model/address.ts";
import { isInside } from "../model/ip.ts";
import { networkOf } from "../model/network.ts";
import { DEFAULT_THROTTLE, type ThrottlePolicy } from "../model/throttle.ts";
import type { LoginDeps, LoginRequest } from "./deps.ts";
import { addressTyped } from "./identify.ts";
import type { LoginParts } from "./parts.ts";

/** Octets of a digest that are kept: enough that no two passwords ever share them. */
const DIGEST_OCTETS = 16;

/** A login as the throttles see it, whether or not there is such an account. */
export interface Attempt {
  /** The address, however it was typed; of what is no address only a digest, since it may be a password in the wrong field. */
  readonly name: string;
  /** Of the address. */
  readonly domain: string | null;
  readonly network: string;
  readonly isExempt: boolean;
  /** Of the password and the name, under a key of this installation. */
  readonly digest: Buffer;
}

export function attemptOf(parts: LoginParts, request: LoginRequest, password: Secret): Attempt {
  const address = addressTyped(request.user);
  const keyed = (octets: Buffer | string) =>
    createHmac("sha256", createSecretKey(parts.digestKey.reveal())).update(octets).digest();
  const name = address ?? `?${keyed(request.user).toString("hex").slice(0, 24)}`;
  // A right password with a foreign identity is refused and must not count as a wrong one without it.
  const { authzid } = request;
  const foreign =
    authzid !== null && authzid.length > 0 && addressTyped(authzid) !== address
      ? authzid.toString("hex")
      : "";
  let isExempt: boolean | undefined;
  let digest: Buffer | undefined;
  return {
    name,
    domain: address === undefined ? null : domainOf(address),
    network: networkOf(request.client.address),
    // A remembered password is let in without these, and there are many of those.
    get isExempt() {
      isExempt ??= isInside(policyOf(parts.deps).exempt, request.client.address);
      return isExempt;
    },
    get digest() {
      digest ??= password.digest(keyed(`${name}\n${foreign}`)).subarray(0, DIGEST_OCTETS);
      return digest;
    },
  };
}

export function policyOf(deps: LoginDeps): ThrottlePolicy {
  return deps.throttle ?? DEFAULT_THROTTLE;
}

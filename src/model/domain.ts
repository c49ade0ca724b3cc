import type { Address } from "./address.ts";
import { localPartOf } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";

/** Contract §2. */
export const DOMAIN_STATES = ["preparing", "migrating", "finalizing", "finalized"] as const;
export type DomainState = (typeof DOMAIN_STATES)[number];

/** What users of a domain are called at the source: by full address, or by the part before the @. */
export const LOGIN_FORMS = ["address", "localpart"] as const;
export type LoginForm = (typeof LOGIN_FORMS)[number];

/** The DNS records that `imbarco dns` asks for at the end. */
export interface Cutover {
  /** `priority host`, as in an MX record. */
  readonly mx: readonly { readonly priority: number; readonly host: string }[];
  readonly txt: readonly string[];
}

/** A mail domain under migration. */
export interface Domain {
  readonly name: string;
  readonly state: DomainState;
  readonly source: Endpoint;
  readonly login: LoginForm;
  readonly cutover: Cutover;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  readonly finalizedAt: string | null;
}

/** The name to log in with at the source: the account's own where the import gave one, else by the domain's rule. */
export function sourceLoginOf(
  domain: Domain,
  account: { readonly address: Address; readonly sourceLogin: string | null },
): string {
  if (account.sourceLogin !== null) return account.sourceLogin;
  return domain.login === "address" ? account.address : localPartOf(account.address);
}

/** Whether passwords may be asked of the source: only while the domain migrates. */
export function sourceMayBeAsked(domain: Domain): boolean {
  return domain.state === "migrating" || domain.state === "finalizing";
}

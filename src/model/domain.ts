import type { Address } from "./address.ts";
import { localPartOf } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import type { FolderRule } from "./folder-map.ts";

/** Contract §2. */
export const DOMAIN_STATES = ["preparing", "migrating", "finalizing", "finalized"] as const;
export type DomainState = (typeof DOMAIN_STATES)[number];

/** What users of a domain are called at the source: by full address, or by the part before the @. */
export const LOGIN_FORMS = ["address", "localpart"] as const;
export type LoginForm = (typeof LOGIN_FORMS)[number];

/** What becomes on the target of a message that is deleted at the source: nothing, or it is moved to Trash there. */
export const SOURCE_DELETES = ["keep", "trash"] as const;
export type SourceDeletes = (typeof SOURCE_DELETES)[number];

/** How the folders of a domain's accounts are copied, beside what special uses and names say. */
export interface FolderPolicies {
  /** Where folders go that shall be called otherwise on the target. The ledger's decision stands for those that were copied before. */
  readonly folderMap: readonly FolderRule[];
  /** Folders that are not copied (`isExcluded`). */
  readonly exclude: readonly string[];
  readonly sourceDeletes: SourceDeletes;
}

/** What a domain has where nothing else was said. */
export const DEFAULT_FOLDER_POLICIES: FolderPolicies = { folderMap: [], exclude: [], sourceDeletes: "keep" };

/** Where a user's sessions lead: to the target at once, or to the source until the account's first copy is complete (`routeOf`). */
export const SERVE = ["target", "source-until-synced"] as const;
export type Serve = (typeof SERVE)[number];

/** The DNS records that `imbarco dns` asks for at the end. */
export interface Cutover {
  /** `priority host`, as in an MX record. */
  readonly mx: readonly { readonly priority: number; readonly host: string }[];
  readonly txt: readonly string[];
}

/** A mail domain under migration. */
export interface Domain extends FolderPolicies {
  readonly name: string;
  readonly state: DomainState;
  readonly source: Endpoint;
  readonly login: LoginForm;
  readonly serve: Serve;
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
export function sourceMayBeAsked(domain: Pick<Domain, "state">): boolean {
  return domain.state === "migrating" || domain.state === "finalizing";
}

import type { Address } from "./address.ts";

/** Contract §2. `attention` is a state beside the way, not on it: `formerState` tells where the account goes back to. */
export const ACCOUNT_STATES = ["waiting", "captured", "copying", "synced", "finalized", "attention"] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** Why an account is in `attention` (contract §2). */
export const ATTENTION_REASONS = [
  "source_auth_failed",
  "source_unreachable",
  "target_auth_failed",
  "target_unreachable",
  "provision_failed",
  "target_over_quota",
  "messages_rejected",
  "source_limit",
  "internal",
] as const;
export type AttentionReason = (typeof ATTENTION_REASONS)[number];

/** How far a copy is. Counts of messages and octets; `null` where not yet known. */
export interface Progress {
  readonly foldersTotal: number | null;
  readonly foldersDone: number | null;
  readonly messagesTotal: number | null;
  readonly messagesCopied: number | null;
  readonly bytesTotal: number | null;
  readonly bytesCopied: number | null;
  /** Messages that the target refused and that stand in the list. */
  readonly quarantined: number;
}

/** One mailbox under migration, as the contract's §3 shows it. Times are ISO 8601 in UTC. */
export interface Account extends Progress {
  readonly address: Address;
  readonly domain: string;
  readonly state: AccountState;
  readonly reason: AttentionReason | null;
  /** A sentence a person can act on, while `state` is `attention`; in other states what the account waits for, where it does. */
  readonly message: string | null;
  /** The name to log in with at the source, where the domain's rule does not fit this account. */
  readonly sourceLogin: string | null;
  readonly createdAt: string;
  readonly firstLoginAt: string | null;
  readonly copyStartedAt: string | null;
  readonly syncedAt: string | null;
  readonly lastPassAt: string | null;
  readonly failedLogins: number;
  readonly lastFailedLoginAt: string | null;
}

/** What an import knows of an account. */
export interface NewAccount {
  readonly address: Address;
  readonly domain: string;
  readonly sourceLogin: string | null;
  /** Display name, handed to the provisioner. */
  readonly name: string | null;
  /** Quota in octets, handed to the provisioner. */
  readonly quota: number | null;
}

/** What happens to an account, as the state machine sees it. */
export type AccountEvent =
  | { readonly kind: "captured" }
  | { readonly kind: "copy-started" }
  | { readonly kind: "synced" }
  | { readonly kind: "finalized" }
  | { readonly kind: "attention"; readonly reason: AttentionReason; readonly message: string }
  | { readonly kind: "recovered" }
  /** The old server asks for a pause: a remark, not a trouble. The next pass takes it away. */
  | { readonly kind: "source-waits"; readonly message: string };

/** The part of an account that the state machine moves. */
export interface AccountStanding {
  readonly state: AccountState;
  /** Where `recovered` goes back to; only set while `state` is `attention`. */
  readonly formerState: AccountState | null;
  readonly reason: AttentionReason | null;
  readonly message: string | null;
}

/**
 * Contract §2 as a function: where an account stands after an event. An event that means nothing in the present state
 * changes nothing, so every caller may repeat itself after a crash.
 */
export function nextStanding(now: AccountStanding, event: AccountEvent): AccountStanding {
  if (now.state === "finalized") return now;
  switch (event.kind) {
    case "captured":
      return now.state === "waiting" ? at("captured") : now;
    case "copy-started":
      if (now.state === "captured") return at("copying");
      return now.state === "attention" ? underway(now, "captured", "copying") : { ...now, message: null };
    case "synced":
      return now.state === "waiting" ? now : at("synced");
    case "finalized":
      return now.state === "waiting" ? now : at("finalized");
    case "attention":
      if (now.state === "waiting") return now;
      return {
        state: "attention",
        formerState: now.state === "attention" ? now.formerState : now.state,
        reason: event.reason,
        message: event.message,
      };
    case "recovered":
      return now.state === "attention" ? at(now.formerState ?? "captured") : now;
    case "source-waits":
      return now.state === "waiting" || now.state === "attention" ? now : { ...now, message: event.message };
  }
}

/** The first standing of every account. */
export const WAITING: AccountStanding = at("waiting");

function at(state: AccountState): AccountStanding {
  return { state, formerState: null, reason: null, message: null };
}

/** An account in attention stays there while it moves on underneath; only `recovered` or `synced` ends it. */
function underway(now: AccountStanding, from: AccountState, to: AccountState): AccountStanding {
  return now.state === "attention" && now.formerState === from ? { ...now, formerState: to } : now;
}

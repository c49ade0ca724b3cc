import type { AttentionReason } from "./account.ts";

/** Whose business a failure is: decides what the client hears and who must act. */
export type Blame = "user" | "source" | "target" | "us";

interface FailureKindFacts {
  readonly blame: Blame;
  /** Whether the same thing may work later without anybody doing anything. */
  readonly retry: boolean;
  readonly logLevel: "info" | "warn" | "error";
  /** What an IMAP, POP3 or SMTP client is told: wrong credentials, or come back later. */
  readonly client: "refused" | "unavailable";
  /** The account's reason when the copier meets it; `null` where it never concerns an account. */
  readonly attention: AttentionReason | null;
}

/**
 * The one table from which everything that follows a failure is decided: retry, blame, log level, the client's answer and the account's reason.
 */
export const FAILURES = {
  "unknown-account": { blame: "user", retry: false, logLevel: "info", client: "refused", attention: null },
  "wrong-password": { blame: "user", retry: false, logLevel: "info", client: "refused", attention: null },
  "domain-not-open": { blame: "us", retry: true, logLevel: "info", client: "unavailable", attention: null },
  /** Too many wrong passwords have come for the name or from the network. */
  throttled: { blame: "us", retry: true, logLevel: "info", client: "unavailable", attention: null },
  "too-busy": { blame: "us", retry: true, logLevel: "warn", client: "unavailable", attention: null },
  "proxy-loop": { blame: "us", retry: true, logLevel: "error", client: "unavailable", attention: null },
  /** The domain's policy `serve` keeps this protocol closed until the first copy is complete. */
  "not-yet-copied": { blame: "us", retry: true, logLevel: "info", client: "unavailable", attention: null },
  "source-unreachable": {
    blame: "source",
    retry: true,
    logLevel: "warn",
    client: "unavailable",
    attention: "source_unreachable",
  },
  "source-auth-failed": {
    blame: "user",
    retry: false,
    logLevel: "warn",
    client: "refused",
    attention: "source_auth_failed",
  },
  "source-limit": {
    blame: "source",
    retry: true,
    logLevel: "warn",
    client: "unavailable",
    attention: "source_limit",
  },
  /** The source asks for a pause: it is obeyed, and nobody has to do anything. */
  "source-wait": {
    blame: "source",
    retry: true,
    logLevel: "info",
    client: "unavailable",
    attention: null,
  },
  /** It has refused so many passwords lately that it might begin to defend itself: against everybody who comes through us. */
  "source-spared": { blame: "us", retry: true, logLevel: "warn", client: "unavailable", attention: null },
  "source-protocol": {
    blame: "source",
    retry: true,
    logLevel: "error",
    client: "unavailable",
    attention: "source_unreachable",
  },
  "target-unreachable": {
    blame: "target",
    retry: true,
    logLevel: "error",
    client: "unavailable",
    attention: "target_unreachable",
  },
  "target-auth-failed": {
    blame: "target",
    retry: true,
    logLevel: "error",
    client: "unavailable",
    attention: "target_auth_failed",
  },
  "target-over-quota": {
    blame: "target",
    retry: true,
    logLevel: "warn",
    client: "unavailable",
    attention: "target_over_quota",
  },
  "target-limit": {
    blame: "target",
    retry: true,
    logLevel: "warn",
    client: "unavailable",
    attention: "target_unreachable",
  },
  "target-protocol": {
    blame: "target",
    retry: true,
    logLevel: "error",
    client: "unavailable",
    attention: "target_unreachable",
  },
  "messages-rejected": {
    blame: "target",
    retry: true,
    logLevel: "warn",
    client: "unavailable",
    attention: "messages_rejected",
  },
  "provision-failed": {
    blame: "target",
    retry: true,
    logLevel: "error",
    client: "unavailable",
    attention: "provision_failed",
  },
  /** The disk under the database is full: what is known can still be read, so whoever is known still gets in. It cannot be noted with any account. */
  "store-unwritable": { blame: "us", retry: true, logLevel: "error", client: "unavailable", attention: null },
  "lease-lost": { blame: "us", retry: true, logLevel: "info", client: "unavailable", attention: null },
  "shutting-down": { blame: "us", retry: true, logLevel: "info", client: "unavailable", attention: null },
  internal: { blame: "us", retry: true, logLevel: "error", client: "unavailable", attention: "internal" },
} as const satisfies Record<string, FailureKindFacts>;

export type FailureKind = keyof typeof FAILURES;

/** A pause that a server asks for. */
export interface Wait {
  readonly ms: number;
  /** The server's own, as they may stand in a message; `null` where the pause is ours. */
  readonly words: string | null;
  /** The worker passes over all accounts of the source until then, so this one may be due earlier: it may be over earlier, too. */
  readonly ofSource?: true;
}

/** Something that went wrong in a way the table knows. `message` says what happened and what to do, never a secret. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly kind: FailureKind;
  /** With `source-wait`: how long. */
  readonly wait: Wait | null;

  constructor(
    kind: FailureKind,
    message: string,
    options?: { readonly cause?: unknown; readonly wait?: Wait },
  ) {
    super(message, options?.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.wait = options?.wait ?? null;
  }

  get facts(): FailureKindFacts {
    return FAILURES[this.kind];
  }
}

/** Any thrown value as a `Failure`; what the table does not know is a fault of ours, kept as the cause. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure("internal", `imbarco hit a fault of its own: ${text}`, { cause: thrown });
}

/** The messages of an error and its causes, outermost first, for a log line. */
export function causeChain(error: unknown): string[] {
  const messages: string[] = [];
  for (let at = error; at instanceof Error && messages.length < 8; at = at.cause) messages.push(at.message);
  return messages;
}

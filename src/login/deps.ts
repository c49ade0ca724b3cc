import type { Clock } from "../kit/clock.ts";
import type { Secret } from "../kit/secret.ts";
import type { Log } from "../log/log.ts";
import type { Account } from "../model/account.ts";
import type { ClientTls } from "../model/client-tls.ts";
import type { Domain } from "../model/domain.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { ThrottlePolicy } from "../model/throttle.ts";
import type { Provisioner } from "../provision/provision.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import type { TargetSession } from "../upstream/target-session.ts";
import type { Vault } from "../vault/vault.ts";

/** The servers of the new platform. Passwords are asked of the IMAP server only; the others may be absent where nobody listens for them. */
export interface TargetServers {
  readonly imap: Endpoint;
  readonly pop3?: Endpoint | null;
  readonly submission?: Endpoint | null;
  readonly sieve?: Endpoint | null;
}

/** What a login works with. */
export interface LoginDeps {
  readonly store: Store;
  readonly queue: Queue;
  readonly vault: Vault;
  readonly provisioner: Provisioner;
  readonly target: TargetServers & { readonly login: TargetLogin };
  readonly clock: Clock;
  readonly log: Log;
  /** Names this installation, so that a server that is imbarco itself is known (`instanceOf`). */
  readonly instance?: string | undefined;
  /** Names this process among those that share the store; where absent, any name that is its own. */
  readonly owner?: string;
  /** Whether a process that has named itself so has ended. */
  readonly isDead?: (owner: string) => boolean;
  /** Read at every login, so it may change. */
  readonly throttle?: ThrottlePolicy;
  /** Called with what a server of the target has shown to offer before a login. */
  readonly noteOffers?: (protocol: ProtocolName, offers: readonly string[]) => void;
  /** Called when an account has become due for copying, so that a copier in this process need not wait for its next look. */
  readonly onEnqueued?: (address: string) => void;
}

/** What a client asked for. The password stays the caller's, who wipes it once the login has ended. */
export interface LoginRequest {
  readonly protocol: ProtocolName;
  /** As typed. */
  readonly user: Buffer;
  readonly password: Secret;
  /** The authorization identity of SASL, where there was one. */
  readonly authzid: Buffer | null;
  readonly client: {
    readonly address: string;
    readonly port: number;
    readonly tls: boolean;
    /** The load balancer that has told the address. */
    readonly via?: string;
  };
  /** What the client's TLS is like, for a target that is to hear of it; `null` where there is none, or no longer. */
  readonly tlsInUse?: (() => ClientTls | null) | undefined;
  /** Names the session in the logs, the target's included. */
  readonly session: string;
  /** How often the login may still be passed on, as whoever passed it on to us has said (`x-proxy-ttl`); absent where nobody said so. */
  readonly hops?: number | undefined;
  /** The name that an SMTP client gave itself, which the target shall hear; absent in other protocols. */
  readonly hello?: string | undefined;
  /** The client has asked for UTF-8 (RFC 6856 §2.1) before its login, which the target shall hear; absent but in POP3. */
  readonly utf8?: boolean | undefined;
}

/** A client may pass: here is its mailbox. */
export interface LoginGrant {
  readonly account: string;
  readonly domain: string;
  /** Logged in and idle, ready to be detached. */
  readonly target: TargetSession;
  /** IMAP: the target's capabilities after login as it wrote them; `null` where it did not say, and in other protocols. */
  readonly capability: string | null;
  /** Where the session leads to the source for the time being (`serve source-until-synced`); absent = to the target. */
  readonly servedBy?: "source";
}

/**
 * Decides a login and opens the mailbox.
 * @throws {Failure} whose `facts.client` says what the client may hear; the signal's reason once it aborts
 */
export type Login = (request: LoginRequest, signal: AbortSignal) => Promise<LoginGrant>;

/** Who logs in, once the name is known. */
export interface Subject {
  readonly account: Account;
  readonly domain: Domain;
}

/** How a password was found to be right. */
export type Proof =
  | { readonly by: "verifier"; readonly verifier: string }
  /** The user has changed the password on the new platform. */
  | { readonly by: "target" }
  /** A first login, or a password that was changed at the source. */
  | { readonly by: "source" };

/** A login that may go on to the target. */
export interface Admission {
  readonly subject: Subject;
  readonly proof: Proof["by"];
}

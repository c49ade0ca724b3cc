import type { Secret } from "../../kit/secret.ts";
import type { ImapConnection } from "./connection.ts";

/** With the user's own password, or on the user's behalf with a master's: by authorization identity, or as `user*master`. */
export type LoginHow =
  | { readonly kind: "password"; readonly user: Buffer; readonly password: Secret }
  | { readonly kind: "authzid"; readonly user: Buffer; readonly master: Buffer; readonly password: Secret }
  | { readonly kind: "separator"; readonly user: Buffer; readonly master: Buffer; readonly separator: string; readonly password: Secret };

/** `refused` = the server says that the credentials are wrong. Everything else is thrown as a Failure. */
export type LoginOutcome =
  /** `capability`: the text of the server's `[CAPABILITY …]` code after login, `null` where it gave none. */
  { readonly kind: "ok"; readonly capability: string | null } | { readonly kind: "refused"; readonly code: string | null };

export function logIn(_connection: ImapConnection, _how: LoginHow): Promise<LoginOutcome> {
  throw new Error("not yet");
}

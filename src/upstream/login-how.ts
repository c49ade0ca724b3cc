import type { Secret } from "../kit/secret.ts";

/** With the user's own password, or on the user's behalf with a master's: by authorization identity, or as `user*master`. */
export type LoginHow =
  | { readonly kind: "password"; readonly user: Buffer; readonly password: Secret }
  | { readonly kind: "authzid"; readonly user: Buffer; readonly master: Buffer; readonly password: Secret }
  | {
      readonly kind: "separator";
      readonly user: Buffer;
      readonly master: Buffer;
      readonly separator: string;
      readonly password: Secret;
    };

export type LoginOutcome =
  /** `capability`: what an IMAP server offers from now on, where it said so unasked; else `refreshCapabilities` asks. */
  | { readonly kind: "ok"; readonly capability: string | null }
  /** The server says that the credentials are wrong. `code` in upper case. */
  | { readonly kind: "refused"; readonly code: string | null };

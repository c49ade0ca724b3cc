import type { Secret } from "../kit/secret.ts";

/** How imbarco logs in to the target on a user's behalf: with the user's own password, or with master credentials. */
export type TargetLogin =
  | { readonly as: "user" }
  | {
      readonly as: "master";
      readonly user: string;
      readonly password: Secret;
      /** PLAIN with an authorization identity (RFC 4616), or `user` + separator + `master` as the login name. */
      readonly form: "authzid" | "separator";
      readonly separator: string;
    };

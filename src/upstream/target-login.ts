import type { Secret } from "../kit/secret.ts";
import { Failure } from "../model/failure.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { LoginHow } from "./login-how.ts";

/**
 * How to log in to the target as `address`: with the user's own password, or with the master's credentials on the user's behalf.
 * @throws {Failure} `target-auth-failed` where the user's own password is needed and none is kept
 */
export function targetLoginHow(login: TargetLogin, address: string, ownPassword: Secret | null): LoginHow {
  const user = Buffer.from(address, "utf8");
  if (login.as === "user") {
    if (ownPassword === null) {
      throw new Failure(
        "target-auth-failed",
        `no password of ${address} is kept for the target: the user must log in once more, or set target.login to a master user`,
      );
    }
    return { kind: "password", user, password: ownPassword };
  }
  const master = Buffer.from(login.user, "utf8");
  return login.form === "authzid"
    ? { kind: "authzid", user, master, password: login.password }
    : { kind: "separator", user, master, separator: login.separator, password: login.password };
}

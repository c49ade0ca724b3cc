import { ConfigError } from "../config/problem.ts";
import { AddressError } from "../model/address.ts";
import { asFailure } from "../model/failure.ts";
import { ListenError } from "../net/listen.ts";
import { StartFailure } from "../process/start-failure.ts";
import { DatabaseError } from "../store/sqlite/database.ts";
import { NotFoundError, StoreConflictError } from "../store/store.ts";
import { VaultError } from "../vault/vault-error.ts";
import { CliError } from "./output.ts";

/** Any thrown value as what the person at the terminal, or a program reading JSON, is told. */
export function asCliError(thrown: unknown): CliError {
  if (thrown instanceof CliError) return thrown;
  if (thrown instanceof ConfigError)
    return new CliError("configuration", thrown.message, { exitStatus: 2, cause: thrown });
  if (thrown instanceof AddressError)
    return new CliError("usage", thrown.message, { exitStatus: 2, cause: thrown });
  if (thrown instanceof NotFoundError) return new CliError("not_found", thrown.message, { cause: thrown });
  if (thrown instanceof StoreConflictError)
    return new CliError("conflict", thrown.message, { cause: thrown });
  if (thrown instanceof DatabaseError) return new CliError("store", thrown.message, { cause: thrown });
  if (thrown instanceof VaultError) return new CliError("vault", thrown.message, { cause: thrown });
  if (thrown instanceof StartFailure) {
    const { code, message, ...options } = thrown.complaint;
    return new CliError(code, message, { ...options, cause: thrown });
  }
  if (thrown instanceof ListenError) return new CliError("listen", thrown.message, { cause: thrown });
  if (thrown instanceof Error && thrown.name === "AbortError")
    return new CliError("interrupted", "interrupted", { cause: thrown });
  const failure = asFailure(thrown);
  return new CliError(failure.kind.replaceAll("-", "_"), failure.message, { cause: failure });
}

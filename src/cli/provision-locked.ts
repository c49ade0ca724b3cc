import { Failure } from "../model/failure.ts";
import type { Provisioner } from "../provision/provision.ts";
import type { App } from "./context.ts";
import { CliError } from "./output.ts";

/**
 * Makes accounts that the store has already on the target too, locked.
 * @throws {CliError} that says how to go on when the target's list cannot be written
 */
export async function provisionLocked(
  app: App,
  requests: Parameters<Provisioner["ensureMany"]>[0],
): Promise<void> {
  try {
    await app.provisioner.ensureMany(requests);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new CliError("provision_failed", error.message, {
      hint: "The accounts are in imbarco, but not all on the target; run the same command again when the cause has gone.",
      cause: error,
    });
  }
}

import { asFailure, causeChain, Failure } from "../model/failure.ts";
import type { Subject } from "./deps.ts";
import type { LoginParts } from "./parts.ts";

/**
 * Makes the account usable on the target with the password of this verifier.
 * @throws {Failure} `provision-failed`; the account then stands in attention until a login has succeeded in it
 */
export async function provision(
  { deps, settling }: LoginParts,
  { account, domain }: Subject,
  verifier: string,
): Promise<void> {
  const { address } = account;
  const words = { account: address, domain: domain.name };
  const known = await deps.store.accounts.getNew(address);
  try {
    await deps.provisioner.ensure({
      address,
      verifier,
      name: known?.name ?? null,
      quota: known?.quota ?? null,
    });
  } catch (error) {
    const failure = asProvisionFailure(error, address);
    const at = new Date(deps.clock.now()).toISOString();
    await deps.store.accounts.apply(address, { kind: "captured" }, at);
    await deps.store.accounts.apply(
      address,
      { kind: "attention", reason: "provision_failed", message: failure.message },
      at,
    );
    deps.log.error(
      { event: "provision.failed", ...words, reason: failure.kind, causes: causeChain(failure) },
      `${address} could not be provisioned on the target by ${deps.provisioner.describe}`,
    );
    deps.log.warn(
      { event: "account.attention", ...words, reason: "provision_failed" },
      `${address} needs attention: ${failure.message}`,
    );
    throw failure;
  }
  settling.note(address);
  deps.log.info({ event: "provision.ok", ...words }, `${address} is provisioned on the target`);
}

/** Whatever a driver throws: to the client it is the target's fault. */
function asProvisionFailure(error: unknown, address: string): Failure {
  const failure = asFailure(error);
  return failure.kind === "provision-failed"
    ? failure
    : new Failure("provision-failed", `${address} could not be provisioned: ${failure.message}`, {
        cause: error,
      });
}

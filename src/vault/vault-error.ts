/** A password cannot be sealed, opened or checked. The message says whose and what to do, and holds nothing of it. */
export class VaultError extends Error {
  override readonly name = "VaultError";
}

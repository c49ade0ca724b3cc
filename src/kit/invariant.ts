/**
 * States what must hold whatever the network or an administrator does. A failed invariant is a fault of this
 * program, so it ends the job or session at hand.
 * @throws {InvariantError} when `condition` is false
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** A fault of this program: something that its own code promised did not hold. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

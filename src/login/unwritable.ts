import { Failure } from "../model/failure.ts";

/** Whether the store could not be written, as on a full disk; it can be read all the same. */
export function isUnwritable(error: unknown): boolean {
  return error instanceof Failure && error.kind === "store-unwritable";
}

/** Writes what nobody is to be turned away for. Returns whether it was written. */
export async function unlessUnwritable(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (isUnwritable(error)) return false;
    throw error;
  }
}

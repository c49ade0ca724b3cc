import { setTimeout as sleep } from "node:timers/promises";

interface WaitOptions {
  /** Default 60 s: long, since a busy machine is no failure. */
  readonly limitMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks `condition` again and again until it gives something truthy, and returns that. An error that it throws counts as "not yet".
 * @throws when the time is over, naming `what` and the last error
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  what: string,
  options: WaitOptions = {},
): Promise<NonNullable<T>> {
  const limitMs = options.limitMs ?? 60_000;
  const end = Date.now() + limitMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= end)
      throw new Error(`waited ${limitMs / 1000} s in vain for: ${what}`, { cause: lastError });
    await sleep(options.everyMs ?? 25);
  }
}

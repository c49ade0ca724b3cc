import { setImmediate as nextTurn } from "node:timers/promises";
import { greets } from "./greeting.ts";
import type { Platform } from "./platform.ts";

/** Connects again and again, to the greeting and to a login, until told to stop; gives what went wrong. */
export function knockInALoop(platform: Platform): { stop(): Promise<{ times: number; errors: string[] }> } {
  const over = new AbortController();
  const errors: string[] = [];
  let times = 0;
  const repeat = async (knock: () => Promise<void>) => {
    for (; !over.signal.aborted; times += 1) {
      await knock().catch((error: Error) => errors.push(error.message));
      await nextTurn();
    }
  };
  const knocking = Promise.all([
    repeat(async () => {
      if (!(await greets(platform.imbarco.imapPort))) throw new Error("no greeting");
    }),
    repeat(async () => {
      const client = await platform.logIn("bruno");
      await client.logOut();
    }),
  ]);
  return {
    stop: async () => {
      over.abort();
      await knocking;
      return { times, errors };
    },
  };
}

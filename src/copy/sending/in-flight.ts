import { Semaphore } from "../../kit/semaphore.ts";

/** Commands on their way on one connection at once: enough to hide a round trip, few enough for servers that read no further while they work. */
const COMMANDS_IN_FLIGHT = 16;

/**
 * Pipelines a command for each of the things, begun in their order, and gives the results in that order. When one fails, no further one begins, and the error
 * is thrown when those on their way have ended: nobody writes behind the caller's back.
 */
export async function inFlight<Thing, Result>(
  things: readonly Thing[],
  command: (thing: Thing) => Promise<Result>,
): Promise<Result[]> {
  const places = new Semaphore(COMMANDS_IN_FLIGHT);
  const results: Result[] = [];
  const errors: unknown[] = [];
  await Promise.all(
    things.map((thing, at) =>
      places.run(async () => {
        if (errors.length > 0) return;
        try {
          results[at] = await command(thing);
        } catch (error) {
          errors.push(error);
        }
      }),
    ),
  );
  if (errors.length > 0) throw errors[0];
  return results;
}

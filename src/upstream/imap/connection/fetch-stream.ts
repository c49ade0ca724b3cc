import type { Untagged } from "../../../wire/imap/response.ts";
import { METADATA_WINDOW } from "../../limits.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import type { ImapConnection } from "./connection.ts";
import type { Expecting } from "./pending-command.ts";
import { refusalOf } from "./run.ts";

/** What one message's metadata take in memory, roughly. */
const MESSAGE_OCTETS = 200;

/**
 * Sends a UID FETCH and gives what `read` makes of the responses, in the server's order: the server waits while the consumer is busy. A
 * consumer that leaves the loop early lets the rest pass by; the connection stays usable.
 * @param read `undefined` = not of this command; `null` = of this command, and nothing to give yet
 * @param literal what to do with a literal too large to be kept; none is expected where absent
 * @throws {Failure | CommandRefusedError} when the server does not give all of it
 */
export async function* fetchStream<T>(
  connection: ImapConnection,
  command: string,
  read: (response: Untagged) => T | null | undefined,
  literal: Expecting["literal"] = () => null,
): AsyncGenerator<T, void, undefined> {
  const queue = new BoundedQueue<T>(METADATA_WINDOW, weightOf);
  const handle = connection.send(
    { name: "UID FETCH", pieces: [command], limitMs: null },
    {
      untagged: (response) => {
        const item = read(response);
        if (item === undefined) return false;
        return (item === null ? undefined : queue.put(item)) ?? true;
      },
      literal,
    },
  );
  const done = handle.done.then(
    (answer) => {
      // RFC 5530 §3: some were expunged meanwhile, which is what the caller would see a moment later too.
      if (answer.status === "OK" || answer.code?.name === "EXPUNGEISSUED") queue.end();
      else queue.fail(refusalOf(connection, "UID FETCH", answer));
    },
    (error: Error) => queue.fail(error),
  );
  try {
    // By hand: to pass a whole iteration on costs a promise or two more for every message.
    for (;;) {
      const item = queue.take();
      if (item !== undefined) yield item;
      else if (!(await queue.more())) break;
    }
  } finally {
    queue.abandon();
    await done;
  }
}

/** Text that is read later may be a line of megabytes: it weighs like as many messages as take that room. */
function weightOf(item: unknown): number {
  return typeof item === "string" ? Math.ceil(item.length / MESSAGE_OCTETS) : 1;
}

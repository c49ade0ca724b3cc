import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";

/** Shows that the connection still lives. @throws {Failure} when it does not */
export async function noop(connection: ImapConnection): Promise<void> {
  await run(connection, { name: "NOOP", pieces: ["NOOP"] });
}

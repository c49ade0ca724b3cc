import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { isStorableFlag } from "../flags.ts";

/**
 * Adds or removes flags of messages in the open folder (RFC 9051 §6.4.6); flags that cannot be stored are left out.
 * @throws {CommandRefusedError}
 */
export async function storeFlags(
  connection: ImapConnection,
  uidSet: string,
  mode: "+" | "-",
  flags: readonly string[],
): Promise<void> {
  const storable = flags.filter(isStorableFlag);
  if (storable.length === 0) return;
  await run(connection, {
    name: "UID STORE",
    pieces: [`UID STORE ${uidSet} ${mode}FLAGS.SILENT (${storable.join(" ")})`],
  });
}

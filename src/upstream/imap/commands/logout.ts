import { Failure } from "../../../model/failure.ts";
import type { ImapConnection } from "../connection/connection.ts";

/** Says goodbye, waits a little for the answer, and closes. A connection that is lost already is fine too. */
export async function logOut(connection: ImapConnection): Promise<void> {
  const outgoing = { name: "LOGOUT", pieces: ["LOGOUT"], limitMs: connection.limits.logoutLimitMs };
  try {
    await connection.send(outgoing, {
      untagged: (response) => response.kind === "status" && response.status === "BYE",
    }).done;
  } catch (error) {
    // Whoever logs out has no more use for the connection, whatever became of it.
    if (!(error instanceof Failure)) throw error;
  } finally {
    connection.close();
  }
}

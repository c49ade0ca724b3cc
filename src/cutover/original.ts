import type { Address } from "../model/address.ts";
import { endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { FolderName } from "../model/ledger.ts";
import { fetchBodies } from "../upstream/imap/commands/fetch-bodies.ts";
import { logIn } from "../upstream/imap/commands/login.ts";
import { logOut } from "../upstream/imap/commands/logout.ts";
import { openFolder } from "../upstream/imap/commands/select.ts";
import { openImap } from "../upstream/open.ts";
import { type VerifyDeps, wayToBothSides } from "./verify.ts";

/** A message by where it lies at the source. */
export interface OriginalPlace {
  readonly address: Address;
  readonly folder: FolderName;
  readonly uid: number;
}

/**
 * Reads one message from the source as it streams, and changes nothing there (EXAMINE, BODY.PEEK).
 * @param write takes all of `body`; what it throws is thrown
 * @returns false when the source does not hand the message out
 * @throws {NotComparableError} when there is no password to log in with, or the domain is finalized
 * @throws {FolderGoneError | Failure} when the folder or the server cannot be read
 */
export async function readOriginal(
  deps: VerifyDeps,
  { address, folder, uid }: OriginalPlace,
  write: (body: AsyncIterable<Buffer>) => Promise<void>,
  signal?: AbortSignal,
): Promise<boolean> {
  const way = await wayToBothSides(deps, address);
  try {
    const { endpoint, how } = way.source;
    const connection = await openImap(deps, "source", endpoint, signal ? { signal } : {});
    const onAbort = () => connection.close();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      if ((await logIn(connection, how)).kind === "refused")
        throw new Failure(
          "source-auth-failed",
          `the old server ${endpointName(endpoint)} no longer takes the password of ${address}`,
        );
      await openFolder(connection, folder, "examine");
      const { delivered } = await fetchBodies(connection, [uid], ({ body }) => write(body));
      await logOut(connection);
      return delivered.length > 0;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      connection.close();
    }
  } finally {
    way.wipe();
  }
}

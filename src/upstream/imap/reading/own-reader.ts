import type { Log } from "../../../log/log.ts";
import { type Endpoint, endpointName } from "../../../model/endpoint.ts";
import { Failure } from "../../../model/failure.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { openImap } from "../../open.ts";
import type { Side } from "../../side.ts";
import { refreshCapabilities } from "../commands/capability.ts";
import { fetchBodies } from "../commands/fetch-bodies.ts";
import { fetchMetadata } from "../commands/fetch-metadata.ts";
import { listFolders } from "../commands/list.ts";
import { type LoginHow, logIn } from "../commands/login.ts";
import { personalNamespace } from "../commands/namespace.ts";
import { openFolder } from "../commands/select.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { ContentDigest } from "./content-digest.ts";
import type { MessageDigest, OpenedFolder, Reader, ReaderFolder, ReaderMessage } from "./reader.ts";
import { readerFolders } from "./reader-folders.ts";

/** Digests of this many messages are held until the caller takes them. */
const UIDS_A_FETCH = 100;

/**
 * Reads by imbarco's own client, for the accounts that the independent library cannot log in to: octets go out as they are.
 * @throws {Failure} `${side}-unreachable`, `-limit`, `-protocol` or `-auth-failed`
 */
export async function openOwnReader(
  deps: { readonly log: Log },
  side: Side,
  endpoint: Endpoint,
  how: LoginHow,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Reader> {
  const connection = await openImap(deps, side, endpoint, options.signal ? { signal: options.signal } : {});
  const onAbort = () => connection.close();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const outcome = await logIn(connection, how);
    if (outcome.kind === "refused")
      throw new Failure(
        `${side}-auth-failed`,
        `The ${side} server ${endpointName(endpoint)} refused the login`,
      );
    if (outcome.capability === null) await refreshCapabilities(connection);
  } catch (error) {
    options.signal?.removeEventListener("abort", onAbort);
    connection.close();
    throw error;
  }
  return new OwnReader(connection, () => options.signal?.removeEventListener("abort", onAbort));
}

class OwnReader implements Reader {
  readonly client = "own";
  readonly #connection: ImapConnection;
  readonly #onClose: () => void;
  #exists = 0;

  constructor(connection: ImapConnection, onClose: () => void) {
    this.#connection = connection;
    this.#onClose = onClose;
  }

  async folders(): Promise<ReaderFolder[]> {
    const [listed, namespace] = await Promise.all([
      listFolders(this.#connection),
      personalNamespace(this.#connection),
    ]);
    return readerFolders(listed, namespace, this.#connection.has("X-GM-EXT-1"));
  }

  async open(folder: FolderName): Promise<OpenedFolder> {
    const opened = await openFolder(this.#connection, folder, "examine");
    this.#exists = opened.exists;
    return { uidValidity: opened.uidValidity, exists: opened.exists };
  }

  async *messages(options: { readonly messageId: boolean }): AsyncIterable<ReaderMessage> {
    if (this.#exists === 0) return;
    for await (const message of fetchMetadata(this.#connection, "1:*", options)) {
      yield { ...message, internalDate: Math.floor(Date.parse(message.internalDate.trim()) / 1000) };
    }
  }

  async *digests(
    wanted: readonly { readonly uid: number; readonly size: number }[],
  ): AsyncIterable<MessageDigest> {
    for (let at = 0; at < wanted.length; at += UIDS_A_FETCH) {
      const uids = wanted.slice(at, at + UIDS_A_FETCH).map((message) => message.uid);
      const finished: MessageDigest[] = [];
      await fetchBodies(this.#connection, uids, async ({ uid, body }) => {
        const digest = new ContentDigest();
        for await (const piece of body) digest.update(piece);
        finished.push(digest.finish(uid));
      });
      yield* finished;
    }
  }

  async close(): Promise<void> {
    this.#onClose();
    this.#connection.close();
  }
}

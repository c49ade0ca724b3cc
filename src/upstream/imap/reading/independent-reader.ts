import { isUtf8 } from "node:buffer";
import type { ImapFlow, ImapFlowOptions } from "imapflow";
import { printable } from "../../../kit/text.ts";
import { type Endpoint, isPinned } from "../../../model/endpoint.ts";
import type { Hierarchy } from "../../../model/folder.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { clientTlsOptions } from "../../../net/tls.ts";
import type { Side } from "../../side.ts";
import type { LoginHow } from "../commands/login.ts";
import { ContentDigest } from "./content-digest.ts";
import { asOpeningFailure, asSideFailure } from "./independent-failure.ts";
import { foldersOfLibrary, keepFolderNamesAsOctets } from "./independent-folders.ts";
import { pinnedTransport } from "./pinned-transport.ts";
import type { MessageDigest, OpenedFolder, Reader, ReaderFolder, ReaderMessage } from "./reader.ts";

/** Contents are fetched in pieces of this size, so that memory does not grow with the message. */
const PIECE_OCTETS = 512 * 1024;
/** Messages up to this size are fetched many at a time, larger ones alone. */
const SMALL_MESSAGE_OCTETS = 64 * 1024;
/** A server that says more than this in one literal is not answering what was asked. */
const LITERAL_LIMIT_OCTETS = 2 * PIECE_OCTETS;
/** A reader may have to wait while the other side of a comparison reads a large folder. */
const SILENCE_LIMIT_MS = 15 * 60_000;
const CONNECT_LIMIT_MS = 30_000;
/** UIDs in one FETCH: keeps the command line well below any server's limit. */
const UIDS_A_FETCH = 200;

/** What the library is called with and must hide: it takes credentials as strings only. */
interface Credentials {
  readonly user: string;
  readonly pass: string;
  readonly authzid?: string;
  readonly loginMethod?: string;
}

/**
 * Why the library cannot log in with these octets, as a sentence; `null` where it can. It sends strings as UTF-8, so octets
 * that are no UTF-8 would arrive changed, and it refuses NUL, CR and LF.
 */
export function reasonAgainstIndependentReader(how: LoginHow, folders: readonly FolderName[]): string | null {
  const sent = [how.user, how.password.reveal(), ...(how.kind === "password" ? [] : [how.master])];
  if (!sent.every((octets) => isUtf8(octets) && !/[\0\r\n]/.test(octets.toString("latin1"))))
    return "its login name or password is not UTF-8, which the independent reader cannot send";
  const odd = folders.find(isBeyondTheLibrary);
  if (odd !== undefined)
    return `the independent reader cannot open its folder ${printable(JSON.stringify(odd))}, whose name is not what IMAP allows`;
  return null;
}

/** The library reads quoted names as UTF-8 and sends a name that begins with a backslash unquoted. */
function isBeyondTheLibrary(name: FolderName): boolean {
  return /[^\x20-\x7e]/.test(name) || name.startsWith("\\");
}

/**
 * Logs in to one side through imapflow: a second opinion, so that a fault in imbarco's own client cannot hide itself.
 * @throws {Failure} `${side}-unreachable` or `${side}-auth-failed`
 */
export async function openIndependentReader(
  side: Side,
  endpoint: Endpoint,
  how: LoginHow,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Reader> {
  options.signal?.throwIfAborted();
  // Loaded here because it is large, and a service that only copies never needs it.
  const library = await import("imapflow");
  const client = new library.ImapFlow(clientOptions(endpoint, credentialsOf(how)));
  // Without a listener a lost connection would end the process; whoever waits hears of it by the rejected command.
  client.on("error", () => undefined);
  const onAbort = () => client.close();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await client.connect();
  } catch (error) {
    options.signal?.removeEventListener("abort", onAbort);
    client.close();
    options.signal?.throwIfAborted();
    throw asOpeningFailure(side, endpoint, error);
  }
  const namespace = keepFolderNamesAsOctets(client);
  return new IndependentReader(side, endpoint, client, namespace, () =>
    options.signal?.removeEventListener("abort", onAbort),
  );
}

function clientOptions(endpoint: Endpoint, auth: Credentials): ImapFlowOptions {
  return {
    host: endpoint.host,
    port: endpoint.port,
    secure: endpoint.tls === "implicit",
    // Left open, it would log in in clear where an attacker hides STARTTLS.
    doSTARTTLS: endpoint.tls === "starttls",
    tls: endpoint.tls === "none" ? {} : clientTlsOptions(endpoint),
    ...(isPinned(endpoint) || endpoint.clientAddress === "proxy"
      ? { transport: pinnedTransport(endpoint) }
      : {}),
    auth,
    logger: false,
    clientInfo: { name: "imbarco" },
    disableAutoEnable: true,
    disableIMAP4rev2: true,
    disableAutoIdle: true,
    disableCompression: true,
    maxLiteralSize: LITERAL_LIMIT_OCTETS,
    connectionTimeout: CONNECT_LIMIT_MS,
    greetingTimeout: CONNECT_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
  };
}

function credentialsOf(how: LoginHow): Credentials {
  const user = how.user.toString("utf8");
  const pass = how.password.reveal().toString("utf8");
  if (how.kind === "password") return { user, pass };
  const master = how.master.toString("utf8");
  // Left to choose, it might log in by LOGIN, as the master himself.
  return how.kind === "authzid"
    ? { user: master, pass, authzid: user, loginMethod: "AUTH=PLAIN" }
    : { user: `${user}${how.separator}${master}`, pass };
}

class IndependentReader implements Reader {
  readonly client = "imapflow";
  readonly #side: Side;
  readonly #endpoint: Endpoint;
  readonly #imap: ImapFlow;
  readonly #namespace: Hierarchy | null;
  readonly #onClose: () => void;

  constructor(
    side: Side,
    endpoint: Endpoint,
    imap: ImapFlow,
    namespace: Hierarchy | null,
    onClose: () => void,
  ) {
    this.#side = side;
    this.#endpoint = endpoint;
    this.#imap = imap;
    this.#namespace = namespace;
    this.#onClose = onClose;
  }

  async folders(): Promise<ReaderFolder[]> {
    const listed = await this.#doing(() => this.#imap.list());
    return foldersOfLibrary(this.#imap, listed, this.#namespace);
  }

  async open(folder: FolderName): Promise<OpenedFolder> {
    const mailbox = await this.#doing(() => this.#imap.mailboxOpen(folder, { readOnly: true }));
    return { uidValidity: Number(mailbox.uidValidity), exists: mailbox.exists };
  }

  async *messages(options: { readonly messageId: boolean }): AsyncIterable<ReaderMessage> {
    if (this.#imap.mailbox === false || this.#imap.mailbox.exists === 0) return;
    const query = {
      uid: true,
      flags: true,
      size: true,
      internalDate: true,
      ...(options.messageId ? { headers: ["message-id"] } : {}),
    };
    try {
      for await (const message of this.#imap.fetch("1:*", query, { uid: true })) {
        // A row without a size is an unsolicited flag change, not an answer.
        if (message.size === undefined) continue;
        yield {
          uid: message.uid,
          size: message.size,
          flags: [...(message.flags ?? [])].filter((flag) => flag.toLowerCase() !== "\\recent"),
          internalDate: secondsOf(message.internalDate),
          messageId: fieldValue(message.headers),
        };
      }
    } catch (error) {
      throw asSideFailure(this.#side, this.#endpoint, error);
    }
  }

  async *digests(
    wanted: readonly { readonly uid: number; readonly size: number }[],
  ): AsyncIterable<MessageDigest> {
    const small = wanted.filter((message) => message.size <= SMALL_MESSAGE_OCTETS);
    const large = wanted
      .filter((message) => message.size > SMALL_MESSAGE_OCTETS)
      .map((message) => message.uid);
    for (let at = 0; at < small.length; at += UIDS_A_FETCH) {
      const uids = small.slice(at, at + UIDS_A_FETCH).map((message) => message.uid);
      for await (const digest of this.#together(uids)) {
        if (typeof digest === "number") large.push(digest);
        else yield digest;
      }
    }
    for (const uid of large) {
      const digest = await this.#doing(() => this.#inPieces(uid));
      if (digest) yield digest;
    }
  }

  async close(): Promise<void> {
    this.#onClose();
    try {
      await this.#imap.logout();
    } catch {
      // The connection is gone already, which is what was wanted.
      this.#imap.close();
    }
  }

  /** Small messages in one FETCH; one that turns out larger than its size said comes back as its UID. */
  async *#together(uids: readonly number[]): AsyncIterable<MessageDigest | number> {
    const query = { uid: true, source: { start: 0, maxLength: PIECE_OCTETS } };
    try {
      for await (const message of this.#imap.fetch(uids.join(","), query, { uid: true })) {
        if (!Buffer.isBuffer(message.source)) continue;
        if (message.source.length >= PIECE_OCTETS) {
          yield message.uid;
          continue;
        }
        const digest = new ContentDigest();
        digest.update(message.source);
        yield digest.finish(message.uid);
      }
    } catch (error) {
      throw asSideFailure(this.#side, this.#endpoint, error);
    }
  }

  async #inPieces(uid: number): Promise<MessageDigest | undefined> {
    const digest = new ContentDigest();
    for (let start = 0; ; start += PIECE_OCTETS) {
      const query = { uid: true, source: { start, maxLength: PIECE_OCTETS } };
      const answer = await this.#imap.fetchOne(String(uid), query, { uid: true });
      if (answer === false || answer.uid !== uid || !Buffer.isBuffer(answer.source)) {
        if (start === 0) return undefined;
        throw new Error(`message UID ${uid} ended in the middle`);
      }
      digest.update(answer.source);
      if (answer.source.length < PIECE_OCTETS) return digest.finish(uid);
    }
  }

  async #doing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asSideFailure(this.#side, this.#endpoint, error);
    }
  }
}

function secondsOf(date: Date | string | undefined): number {
  const parsed = date instanceof Date ? date : new Date(date ?? Number.NaN);
  return Math.floor(parsed.getTime() / 1000);
}

/** The value of the one header field that was asked for, unfolded (RFC 5322 §2.2.3). */
function fieldValue(headers: Buffer | undefined): string | null {
  if (headers === undefined) return null;
  const text = headers.toString("latin1").replace(/\r?\n(?=[ \t])/g, "");
  const colon = text.indexOf(":");
  if (colon < 0) return null;
  return (
    text
      .slice(colon + 1)
      .split(/\r?\n/, 1)[0]
      ?.trim() || null
  );
}

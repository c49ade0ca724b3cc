import {
  type AppendManyResult,
  type AppendResult,
  appendMessage,
  appendMessages,
  isAppendable,
  type OutgoingMessage,
} from "../../upstream/imap/commands/append.ts";
import type { FetchedMessage } from "../../upstream/imap/commands/fetch-bodies.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { BoundedQueue } from "../../upstream/imap/connection/bounded-queue.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { GatedSupply, mapped, type Supply, supplyOf } from "../../upstream/imap/connection/supply.ts";
import { storableFlags } from "../changes/diff.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import { BATCH_OCTETS, COMMANDS_UNANSWERED, MESSAGES_UNANSWERED, WAITING_OCTETS } from "../limits.ts";
import type { Pass } from "../pass.ts";

/** Messages of one APPEND, and what the target said of them. */
export interface Answer {
  readonly messages: readonly MessageMetadata[];
  readonly result: AppendManyResult;
}

/** A message that is here whole, or comes in pieces, each held back until the account is surely still ours. */
interface HeldMessage extends OutgoingMessage {
  readonly body: Buffer | GatedSupply<Buffer>;
}

interface OpenCommand {
  readonly messages: MessageMetadata[];
  readonly queue: BoundedQueue<HeldMessage>;
  /** Settles when nothing of the command will be read any more. */
  readonly over: Promise<void>;
  octets: number;
}

/** How messages are sent. */
export interface Sending {
  /** Most messages in one command; 1 = a command for each. */
  readonly perCommand: number;
  /** Flags that are sent; the others are left out. */
  readonly takesFlag: (flag: string) => boolean;
}

/**
 * Sends messages as they come from the source, as many in one command as the target allows, several commands under way. What the target answers goes
 * to `onAnswer`, in any order.
 */
export class AppendSender {
  readonly #pass: Pass;
  readonly #folder: FolderPair;
  readonly #how: Sending;
  /** The one that the wave began on: after a break the lane has another. */
  readonly #target: ImapConnection;
  readonly #onAnswer: (answer: Answer) => void;
  /** Commands that the target has not answered; the promises never reject. */
  readonly #unanswered = new Set<Promise<unknown>>();
  readonly #sent: MessageMetadata[][] = [];
  readonly #flags = new Map<readonly string[], readonly string[]>();
  #failure: { readonly error: unknown } | null = null;
  #open: OpenCommand | null = null;
  /** Octets of messages that have a command of their own and wait to be written. */
  #waiting = 0;

  constructor(pass: Pass, folder: FolderPair, how: Sending, onAnswer: (answer: Answer) => void) {
    this.#pass = pass;
    this.#folder = folder;
    this.#how = how;
    this.#target = folder.lane.target;
    this.#onAnswer = onAnswer;
  }

  /** Takes the next message. A promise = wait for it before the next one; it rejects when the target's connection is lost. */
  take(message: MessageMetadata, fetched: FetchedMessage): Promise<void> | undefined {
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    const outgoing = this.#outgoing(message, fetched);
    const isOneOfMany = this.#how.perCommand > 1 && isAppendable(outgoing);
    const room = isOneOfMany ? this.#addToMany(message, outgoing) : this.#sendAlone(message, outgoing);
    const limit = this.#how.perCommand > 1 ? COMMANDS_UNANSWERED : MESSAGES_UNANSWERED;
    if (this.#unanswered.size < limit) return room;
    return Promise.all([room, Promise.race(this.#unanswered)]).then(() => undefined);
  }

  /** Nothing more comes: resolves when every command is answered. @throws what the target's connection was lost for */
  async end(): Promise<void> {
    this.#closeCommand();
    while (this.#unanswered.size > 0) await Promise.all(this.#unanswered);
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** The source failed: the open command cannot be ended in order. Call it when the connections are closed. */
  async abandon(reason: Error): Promise<void> {
    this.#open?.queue.fail(reason);
    while (this.#unanswered.size > 0) await Promise.all(this.#unanswered);
  }

  /** The commands that were begun, oldest first. */
  get commands(): readonly (readonly MessageMetadata[])[] {
    return this.#sent;
  }

  #outgoing(message: MessageMetadata, fetched: FetchedMessage): HeldMessage {
    const { size, whole } = fetched;
    return {
      flags: this.#flagsOf(message),
      internalDate: message.internalDate,
      size,
      body: whole ?? new GatedSupply(this.#counted(message, supplyOf(fetched.body)), () => this.#hold()),
    };
  }

  /** A large message from a slow source takes its time: what has passed is shown meanwhile. */
  #counted({ uid }: MessageMetadata, pieces: Supply<Buffer>): Supply<Buffer> {
    const { progress, ledger } = this.#pass;
    const quarantined = () => ledger.refusedCount();
    return mapped(pieces, (piece) => {
      progress.addUnderWay(this.#folder.source, uid, piece.length);
      void progress.show(quarantined);
      return piece;
    });
  }

  /** Messages of one listing share their few lists of flags, and what is left of each is made once. */
  #flagsOf({ flags }: MessageMetadata): readonly string[] {
    const there = this.#flags.get(flags);
    if (there !== undefined) return there;
    const { permanentFlags } = this.#folder.opened.target;
    const made = storableFlags(flags, permanentFlags).filter(this.#how.takesFlag);
    this.#flags.set(flags, made);
    return made;
  }

  #addToMany(message: MessageMetadata, outgoing: HeldMessage): Promise<void> | undefined {
    const command = this.#open ?? this.#openCommand();
    command.messages.push(message);
    command.octets += outgoing.size;
    const room = this.#handOver(command, outgoing);
    if (command.messages.length >= this.#how.perCommand || command.octets >= BATCH_OCTETS)
      this.#closeCommand();
    return room;
  }

  /** A message that is streamed must be read before the next one can come; one that is whole only waits where many do. */
  #handOver(command: OpenCommand, outgoing: HeldMessage): Promise<void> | undefined {
    const room = command.queue.put(outgoing);
    const { body } = outgoing;
    return Buffer.isBuffer(body) ? room : Promise.race([body.over, command.over]);
  }

  #openCommand(): OpenCommand {
    const messages: MessageMetadata[] = [];
    const queue = new BoundedQueue<HeldMessage>(WAITING_OCTETS, ({ body }) =>
      Buffer.isBuffer(body) ? body.length : 0,
    );
    const { sent, done } = appendMessages(this.#target, this.#folder.target, queue, () => this.#hold());
    this.#sent.push(messages);
    const over = sent.then(
      () => queue.abandon(),
      () => queue.abandon(),
    );
    this.#await(
      done.then((result) => {
        // Refused early: nobody would read what is added.
        if (this.#open?.queue === queue) this.#closeCommand();
        this.#onAnswer({ messages, result });
      }),
    );
    this.#open = { messages, queue, over, octets: 0 };
    return this.#open;
  }

  #closeCommand(): void {
    this.#open?.queue.end();
    this.#open = null;
  }

  #sendAlone(message: MessageMetadata, outgoing: HeldMessage): Promise<void> | undefined {
    this.#closeCommand();
    const { sent, done } = appendMessage(this.#target, this.#folder.target, outgoing, () => this.#hold());
    this.#sent.push([message]);
    this.#await(done.then((result) => this.#onAnswer({ messages: [message], result: asMany(result) })));
    if (!Buffer.isBuffer(outgoing.body)) return sent;
    this.#waiting += outgoing.size;
    const written = () => {
      this.#waiting -= outgoing.size;
    };
    void sent.then(written, written);
    return this.#waiting > WAITING_OCTETS ? sent : undefined;
  }

  #await(answered: Promise<void>): void {
    const settled: Promise<unknown> = answered
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#unanswered.delete(settled));
    this.#unanswered.add(settled);
  }

  /** No message is begun after the account has been lost. */
  #hold(): Promise<void> | undefined {
    return this.#pass.holds ? undefined : this.#pass.keepHold();
  }
}

function asMany(result: AppendResult): AppendManyResult {
  if (result.kind === "refused") return result;
  const { uidValidity, uid } = result;
  return { kind: "stored", uidValidity, uids: uid === null ? null : [uid] };
}

/** What a message is: equal kinds are equal in every octet. */
export interface Kind {
  readonly minute: number;
  readonly size: number;
  readonly messageId: string;
}

export interface Message {
  readonly uid: number;
  readonly kind: Kind;
  readonly flags: Set<string>;
  /** On the target: it was not put there by the copier. */
  readonly isForeign: boolean;
  /** RFC 7162 §3.1: when it was changed last. */
  modSeq: number;
}

/** One server: folders of messages, and what the next one will be called. */
export class ModelServer {
  readonly folders = new Map<string, { messages: Message[]; uidNext: number }>();
  /** The highest that a message has. */
  modSeq = 0;

  constructor(names: readonly string[]) {
    for (const name of names) this.folders.set(name, { messages: [], uidNext: 1 });
  }

  in(folder: string): Message[] {
    return this.#folder(folder).messages;
  }

  uidNext(folder: string): number {
    return this.#folder(folder).uidNext;
  }

  put(folder: string, kind: Kind, flags: Iterable<string>, isForeign: boolean): number {
    const at = this.#folder(folder);
    this.modSeq += 1;
    at.messages.push({ uid: at.uidNext, kind, flags: new Set(flags), isForeign, modSeq: this.modSeq });
    at.uidNext += 1;
    return at.uidNext - 1;
  }

  /** To be called when a message's flags have been changed. */
  noteChange(message: Message): void {
    this.modSeq += 1;
    message.modSeq = this.modSeq;
  }

  take(folder: string, uid: number): Message | undefined {
    const messages = this.in(folder);
    const at = messages.findIndex((message) => message.uid === uid);
    return at < 0 ? undefined : messages.splice(at, 1)[0];
  }

  #folder(name: string) {
    const folder = this.folders.get(name);
    if (folder === undefined) throw new Error(`no folder ${name}`);
    return folder;
  }
}

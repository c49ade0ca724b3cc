import type { Wire } from "./wire.ts";

/** What a source says of a message before its contents. */
export interface MessageHead {
  readonly folder: string;
  /** As IMAP writes them, without \Recent. */
  readonly flags: string;
  /** As IMAP writes it. */
  readonly internalDate: string;
  readonly size: number;
}

/** Is told of all messages in turn. */
export interface Visitor {
  onMessage(head: MessageHead): void;
  onOctets(octets: Buffer): void;
  /** All octets of a message were passed on. */
  onMessageEnd?(): void;
  onFolderEnd?(folder: string): void;
  onPause?(): void;
}

/** All messages of the folders over one connection: two commands a folder, all of them sent at once. */
export async function fetchEverything(
  wire: Wire,
  folders: readonly string[],
  visitor: Visitor,
): Promise<void> {
  let folder = "";
  let isInMessage = false;
  wire.incoming = {
    onLine: (text, literalSize) => {
      if (isInMessage) {
        isInMessage = false;
        visitor.onMessageEnd?.();
      }
      if (literalSize === null) return;
      visitor.onMessage(headOf(text, folder, literalSize));
      isInMessage = true;
    },
    onOctets: (octets) => visitor.onOctets(octets),
    ...(visitor.onPause ? { onPause: () => visitor.onPause?.() } : {}),
  };
  const done = folders.map(
    (name) =>
      new Promise<void>((resolve) => {
        // Dovecot begins a command that opens a folder only when all before it are done.
        wire.send(`EXAMINE "${name}"`, () => {
          folder = name;
        });
        wire.send("UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])", () => {
          visitor.onFolderEnd?.(name);
          resolve();
        });
      }),
  );
  await Promise.race([Promise.all(done), wire.failure]);
}

function headOf(text: string, folder: string, size: number): MessageHead {
  const flags = /FLAGS \(([^)]*)\)/.exec(text)?.[1];
  const internalDate = /INTERNALDATE "([^"]*)"/.exec(text)?.[1];
  if (flags === undefined || internalDate === undefined)
    throw new Error(`the source sends contents before flags and date: ${text}`);
  return { folder, flags: flags.replace(/\\Recent ?/, "").trimEnd(), internalDate, size };
}

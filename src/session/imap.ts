import { CommandReader, type ReaderEvent } from "../wire/imap/command-reader.ts";
import * as answers from "./imap-answers.ts";
import { begin, type ImapState, step, stepAfterFailure } from "./imap-step.ts";
import type { Protocol } from "./protocol.ts";

/** IMAP before login (RFC 9051 §6.1, §6.2). */
export const IMAP: Protocol<ImapState, ReaderEvent> = {
  name: "imap",
  begin,
  newReader: () => new CommandReader(),
  greeting: ({ link }) => answers.greeting(link),
  greetsAgain: false,
  step,
  stepAfterFailure,
  loggedIn: (tag, grant) => answers.loggedIn(tag, grant.capability),
  lastWords: {
    idle: answers.BYE_IDLE,
    shutdown: answers.BYE_SHUTDOWN,
    relayShutdown: answers.BYE_SHUTDOWN,
    relayKicked: answers.BYE_KICKED,
    crowded: answers.BYE_CROWDED,
  },
};

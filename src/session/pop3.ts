import { commandReader, type ReaderEvent } from "../wire/pop3/command-reader.ts";
import * as answers from "./pop3-answers.ts";
import { begin, type Pop3State, step, stepAfterFailure } from "./pop3-step.ts";
import type { Protocol } from "./protocol.ts";

/** POP3 before login (RFC 1939 §4, RFC 2449, RFC 5034). */
export const POP3: Protocol<Pop3State, ReaderEvent> = {
  name: "pop3",
  begin,
  newReader: commandReader,
  greeting: ({ link }) => answers.greeting(link),
  greetsAgain: false,
  step,
  stepAfterFailure,
  loggedIn: () => answers.LOGGED_IN,
  lastWords: {
    idle: answers.BYE_IDLE,
    // RFC 1939 has no word for it: whatever we said would be taken for the answer to the next command.
    shutdown: "",
    relayShutdown: "",
    crowded: answers.BYE_CROWDED,
  },
};

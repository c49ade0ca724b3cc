import { commandReader, type ReaderEvent } from "../wire/smtp/command-reader.ts";
import type { Protocol } from "./protocol.ts";
import * as answers from "./submission-answers.ts";
import { begin, type SubmissionState, step, stepAfterFailure } from "./submission-step.ts";

/** Submission before login (RFC 6409, over RFC 5321, RFC 3207 and RFC 4954). */
export const SUBMISSION: Protocol<SubmissionState, ReaderEvent> = {
  name: "submission",
  begin,
  newReader: commandReader,
  greeting: ({ link }) => answers.greeting(link),
  greetsAgain: false,
  step,
  stepAfterFailure,
  loggedIn: () => answers.LOGGED_IN,
  lastWords: {
    idle: answers.BYE_IDLE,
    shutdown: answers.BYE_SHUTDOWN,
    targetSends: "replies",
    relayShutdown: answers.BYE_SHUTDOWN,
    relayKicked: answers.BYE_KICKED,
    crowded: answers.BYE_CROWDED,
  },
};

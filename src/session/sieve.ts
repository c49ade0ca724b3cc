import type { SieveEvent } from "../wire/sieve/command-reader.ts";
import { SieveReader } from "../wire/sieve/command-reader.ts";
import type { Protocol } from "./protocol.ts";
import * as answers from "./sieve-answers.ts";
import { begin, type SieveState, step, stepAfterFailure } from "./sieve-step.ts";

/** ManageSieve before login (RFC 5804 §2). */
export const SIEVE: Protocol<SieveState, SieveEvent> = {
  name: "sieve",
  begin,
  newReader: () => new SieveReader(),
  greeting: ({ link }) => answers.greeting(link),
  greetsAgain: true,
  step,
  stepAfterFailure: (state, _tag, kind) => stepAfterFailure(state, kind),
  loggedIn: () => answers.LOGGED_IN,
  lastWords: {
    idle: answers.BYE_IDLE,
    shutdown: answers.BYE_SHUTDOWN,
    // RFC 5804 §1.2: BYE may come at any time.
    relayShutdown: answers.BYE_SHUTDOWN,
    crowded: answers.BYE_CROWDED,
  },
};

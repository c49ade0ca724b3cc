import { sleep } from "../kit/deadline.ts";
import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { askOffers } from "../upstream/ask-offers.ts";
import type { TargetServers } from "./deps.ts";

export interface TargetOffersDeps {
  readonly target: TargetServers;
  /** What clients of ours speak; nobody else needs to know. */
  readonly protocols: readonly ProtocolName[];
  /** Ours. */
  readonly hostname: string;
  readonly log: Log;
}

/** What the servers of the target offer after the login, so that clients hear of it before. */
export interface TargetOffers {
  /** Of one protocol, as the server wrote it; empty where nobody knows yet, and for IMAP, whose clients hear of it with the login. */
  of(protocol: ProtocolName): readonly string[];
  /** Takes over what a login has shown. */
  note(protocol: ProtocolName, offers: readonly string[]): void;
  /** Ends the asking; what is known stays. */
  stop(): Promise<void>;
}

/** What changes at the target shows within this time, or with the next login. */
const ASK_EVERY_MS = 600_000;
/** A target that is down is asked more often, since until it answers clients may hear of too little. */
const ASK_AGAIN_MS = 30_000;

const NOTHING: readonly string[] = [];

/** Begins to ask the target's servers, now and from time to time; nobody waits for the answers. */
export function watchTargetOffers(deps: TargetOffersDeps, everyMs = ASK_EVERY_MS): TargetOffers {
  const known = new Map<ProtocolName, readonly string[]>();
  const stopping = new AbortController();
  const note = (protocol: ProtocolName, offers: readonly string[]): void => {
    // The list itself stays where nothing has changed: thousands of sessions may hold it.
    if (known.get(protocol)?.join("\n") !== offers.join("\n")) known.set(protocol, offers);
  };
  const watches = [...new Set(deps.protocols)].map(async (protocol) => {
    const endpoint = protocol === "imap" ? null : deps.target[protocol];
    if (protocol === "imap" || !endpoint) return;
    const asked = async () => note(protocol, await askOffers(deps, protocol, endpoint, stopping.signal));
    await askForEver(deps.log, protocol, asked, everyMs, stopping.signal);
  });
  return {
    of: (protocol) => known.get(protocol) ?? NOTHING,
    note,
    stop: async () => {
      stopping.abort();
      await Promise.all(watches);
    },
  };
}

/** Until `signal` aborts. A target that cannot be asked leaves what was known last; it is complained of once, until it answers again. */
async function askForEver(
  log: Log,
  protocol: ProtocolName,
  ask: () => Promise<void>,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  let isDown = false;
  while (!signal.aborted) {
    try {
      await ask();
      isDown = false;
    } catch (error) {
      if (signal.aborted) return;
      const fields = { event: "target.offers", protocol, causes: causeChain(error) };
      const words = `the target's ${protocol} server does not tell what it offers: clients hear what was known before`;
      if (isDown) log.debug(fields, words);
      else log.warn(fields, words);
      isDown = true;
    }
    const waitMs = isDown ? Math.min(everyMs, ASK_AGAIN_MS) : everyMs;
    await sleep(waitMs, signal).catch((reason: unknown) => {
      if (!signal.aborted) throw reason;
    });
  }
}

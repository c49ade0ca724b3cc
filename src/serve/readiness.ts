import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import { PROTOCOLS } from "../model/protocol.ts";
import type { Store } from "../store/store.ts";
import { askOffers } from "../upstream/ask-offers.ts";
import { openImap } from "../upstream/open.ts";

/** A server that takes longer is of no use to a mail program, and whoever asks for `/readyz` waits no longer. */
const ANSWER_LIMIT_MS = 4_000;

/** What `/readyz` tells: whether the store answers, and each of the target's servers (`target` is its IMAP, the others are there where they are configured). */
export async function readiness(config: Config, store: Store, log: Log): Promise<Record<string, boolean>> {
  const { target, hostname } = config;
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const asked: [string, Promise<unknown>][] = [
    ["store", store.domains.list()],
    ["target", openImap({ log }, "target", target.imap, { signal }).then((connection) => connection.close())],
  ];
  for (const protocol of PROTOCOLS) {
    const endpoint = protocol === "imap" ? null : target[protocol];
    if (protocol !== "imap" && endpoint !== null)
      asked.push([`target.${protocol}`, askOffers({ log, hostname }, protocol, endpoint, signal)]);
  }
  const answers = asked.map(async ([name, work]) => [name, await isAnswered(work, log)] as const);
  return Object.fromEntries(await Promise.all(answers));
}

async function isAnswered(work: Promise<unknown>, log: Log): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    log.debug({ event: "listener.error", causes: causeChain(error) }, "not ready");
    return false;
  }
}

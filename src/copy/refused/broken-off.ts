import type { FolderName, LedgerEntry, RefusedStep } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { BREAKING_PASSES } from "../limits.ts";
import type { AccountLedger } from "../record.ts";
import { refusedEntry } from "../record.ts";

/** In the ledger they also tell the next passes to try the message again. */
const WORDS = {
  source: "the old server breaks off while sending it",
  target: "the target breaks off while storing it",
} as const;

const ALL_WORDS: ReadonlySet<string | null> = new Set(Object.values(WORDS));

/**
 * Messages that counted as the cause of broken connections in earlier passes. It may have been the network after all: some passes try them again, each as if it had
 * never seen them.
 */
export class BrokenOff {
  readonly #ledger: AccountLedger;
  /** What was in the ledger of those that this pass tries again. */
  readonly #before = new Map<FolderName, Map<number, readonly RefusedStep[]>>();

  constructor(ledger: AccountLedger) {
    this.#ledger = ledger;
  }

  /** To be called at the beginning of a pass. A process that ends before it has tried them has forgotten how often they were tried: they get more tries. */
  async offerAgain(): Promise<void> {
    for (const { head, entries } of this.#ledger.folders()) {
      const again = [...entries.values()].filter(isToBeTried);
      if (again.length === 0) continue;
      this.#before.set(head.source, new Map(again.map(({ sourceUid, steps }) => [sourceUid, steps ?? []])));
      await this.#ledger.forget(
        head.source,
        again.map(({ sourceUid }) => sourceUid),
      );
    }
  }

  /** Records that the connection to one of the servers broke whenever the message was on its way. */
  async record(source: FolderName, message: MessageMetadata, by: keyof typeof WORDS): Promise<void> {
    const words = WORDS[by];
    const before = this.#before.get(source)?.get(message.uid) ?? [];
    const steps: RefusedStep[] = [...before, { step: "as-is", words }];
    await this.#ledger.record(source, [{ ...refusedEntry(message, words), steps }], null);
  }
}

/** Those recorded by a version that did not count them have no steps: they get their tries too. */
function isToBeTried({ refusal, steps }: LedgerEntry): boolean {
  return ALL_WORDS.has(refusal) && (steps?.length ?? 0) < BREAKING_PASSES;
}

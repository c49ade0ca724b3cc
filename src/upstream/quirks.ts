/** What a kind of server does otherwise than its words promise. Found with the servers in test/live/source-*.test.ts. */
interface Quirks {
  /**
   * IDLE tells what has happened when it ends, but while it lasts only once a minute: Courier without `IMAP_ENHANCEDIDLE`, Cyrus without `idled`, as
   * Debian ships both. Whoever wants to know sooner ends it and begins it again after so long. `null` = it tells at once.
   */
  readonly idleRoundMs: number | null;
}

interface Kind {
  /** Recognised by what it offers: that comes under TLS and after the login too, where a greeting does not. */
  readonly offers: readonly string[];
  readonly offersNot: readonly string[];
  readonly quirks: Quirks;
}

/** The first that fits. */
const KINDS: readonly Kind[] = [
  // Cyrus
  {
    offers: ["NO_ATOMIC_RENAME"],
    offersNot: [],
    quirks: { idleRoundMs: 4_000 },
  },
  // Courier
  {
    offers: ["NAMESPACE", "CHILDREN", "THREAD=ORDEREDSUBJECT"],
    offersNot: ["ID", "LITERAL+", "LITERAL-", "UNSELECT"],
    quirks: { idleRoundMs: 4_000 },
  },
];

const NONE: Quirks = { idleRoundMs: null };

/** The quirks of the server at the other end, by the capabilities that it has named so far. */
export function quirksOf(server: { has(capability: string): boolean }): Quirks {
  const kind = KINDS.find(
    ({ offers, offersNot }) =>
      offers.every((word) => server.has(word)) && !offersNot.some((word) => server.has(word)),
  );
  return kind?.quirks ?? NONE;
}

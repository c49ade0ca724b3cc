/** What is known of a message on either side when it has to be recognised. */
export interface Recognisable {
  readonly uid: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly instant: number;
  /** RFC822.SIZE. */
  readonly size: number;
  readonly messageId: string | null;
}

/** A source message and the target message that it became. */
export interface Pairing {
  readonly source: number;
  readonly target: number;
}

/** Pairs that are certain, and UIDs of those for which the contents must decide. */
export interface Matching {
  readonly pairs: readonly Pairing[];
  readonly unclear: { readonly sources: readonly number[]; readonly targets: readonly number[] };
}

/**
 * Finds which of the messages that may have been sent have arrived. Same INTERNALDATE, size and Message-ID, and only one of each
 * side: certain. Where several tie, where there is no Message-ID (the one that has arrived may be another, which the source has deleted since), or where something
 * differs that servers change (a date in the future, bare line ends, a size that the source counts otherwise), their contents must be compared. A found message that nothing
 * points to is somebody else's.
 */
export function matchArrivals(wanted: readonly Recognisable[], found: readonly Recognisable[]): Matching {
  const pairs: Pairing[] = [];
  const tied = { sources: new Set<number>(), targets: new Set<number>() };
  const byKey = Map.groupBy(found, exactKey);
  const paired = new Set<number>();
  for (const [key, sources] of Map.groupBy(wanted, exactKey)) {
    const targets = byKey.get(key) ?? [];
    const [source, target] = [sources[0], targets[0]];
    if (sources.length === 1 && targets.length === 1 && source?.messageId && target) {
      pairs.push({ source: source.uid, target: target.uid });
      paired.add(target.uid);
    } else if (targets.length > 0) {
      for (const { uid } of sources) tied.sources.add(uid);
      for (const { uid } of targets) tied.targets.add(uid);
    }
  }
  const pairedSources = new Set(pairs.map((pair) => pair.source));
  const similarTo = similarIn(found.filter(({ uid }) => !paired.has(uid)));
  for (const source of wanted) {
    if (pairedSources.has(source.uid)) continue;
    const similar = similarTo(source);
    if (similar.length > 0) tied.sources.add(source.uid);
    for (const { uid } of similar) tied.targets.add(uid);
  }
  return { pairs, unclear: { sources: ascending(tied.sources), targets: ascending(tied.targets) } };
}

/**
 * Pairs the unclear ones by their contents. Equal contents are paired in ascending order, as they were sent: for copies of one message it makes
 * no difference which is which, only how many have arrived.
 */
export function matchByContent(
  sources: ReadonlyMap<number, string>,
  targets: ReadonlyMap<number, string>,
): Pairing[] {
  const byHash = new Map<string, number[]>();
  for (const uid of ascending(targets.keys())) {
    const hash = targets.get(uid) as string;
    byHash.set(hash, [...(byHash.get(hash) ?? []), uid]);
  }
  const pairs: Pairing[] = [];
  for (const source of ascending(sources.keys())) {
    const target = byHash.get(sources.get(source) as string)?.shift();
    if (target !== undefined) pairs.push({ source, target });
  }
  return pairs;
}

function exactKey(message: Recognisable): string {
  return `${message.instant} ${message.size} ${message.messageId ?? ""}`;
}

/** Finds the messages of which one of the three agrees, so that looking at the contents is worth it. An absent Message-ID agrees with nothing. */
function similarIn(messages: readonly Recognisable[]): (message: Recognisable) => Recognisable[] {
  const byInstant = Map.groupBy(messages, ({ instant }) => instant);
  const bySize = Map.groupBy(messages, ({ size }) => size);
  const byId = Map.groupBy(messages, ({ messageId }) => messageId);
  return ({ instant, size, messageId }) => [
    ...(byInstant.get(instant) ?? []),
    ...(bySize.get(size) ?? []),
    ...(messageId === null ? [] : (byId.get(messageId) ?? [])),
  ];
}

function ascending(uids: Iterable<number>): number[] {
  return [...uids].sort((a, b) => a - b);
}

import { ImapClient, type ImapPlace } from "../../test/kit/imap-client.ts";

/** What one group of names was told, and after how long. */
export interface Heard {
  /** Milliseconds from the LOGIN to its answer. */
  readonly ms: readonly number[];
  /** The answers, without their tags, each once. */
  readonly words: ReadonlySet<string>;
}

/** Whether the name is an account's. */
export type Group = "known" | "unknown";

interface Try {
  readonly group: Group;
  readonly user: string;
}

/** As many at a time as a patient attacker from one place would. */
const AT_A_TIME = 6;

/** Tries a wrong password for each of the names, both groups mixed. */
export async function measure(
  place: ImapPlace,
  names: Readonly<Record<Group, readonly string[]>>,
  password: string,
): Promise<Readonly<Record<Group, Heard>>> {
  const heard = {
    known: { ms: [] as number[], words: new Set<string>() },
    unknown: { ms: [] as number[], words: new Set<string>() },
  };
  const tries: Try[] = (["known", "unknown"] as const).flatMap((group) =>
    names[group].map((user) => ({ group, user })),
  );
  await inParallel(AT_A_TIME, shuffled(tries), async ({ group, user }) => {
    const client = await ImapClient.connect(place);
    const began = performance.now();
    const { status, text } = await client.logIn(user, password);
    heard[group].ms.push(performance.now() - began);
    heard[group].words.add(`${status} ${text}`);
    client.close();
  });
  return heard;
}

/** Does `work` for each item, so many at a time. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

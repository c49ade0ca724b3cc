import type { Remedy } from "../model/ledger.ts";
import { LISTED_MESSAGES, type RemediedMessage, type Remedies } from "./comparison.ts";
import type { Pair } from "./match.ts";

/** Which of the messages that are there the target has taken mended or wrapped only, and why. */
export function remediesOf(pairs: readonly Pair[]): Remedies {
  const remedied = pairs.flatMap(({ source, target, row }): RemediedMessage[] => {
    if (row?.remedy === undefined) return [];
    const words = row.steps?.at(-1)?.words ?? null;
    return [{ sourceUid: source.uid, targetUid: target.uid, remedy: row.remedy, words }];
  });
  const count = (remedy: Remedy) => remedied.filter((one) => one.remedy === remedy).length;
  return { mended: count("mended"), wrapped: count("wrapped"), messages: remedied.slice(0, LISTED_MESSAGES) };
}

/** What there is to say of remedies, as sentences; none where there are none. */
export function remedySentences(remedies: Remedies): string[] {
  const { mended, wrapped, messages } = remedies;
  if (mended + wrapped === 0) return [];
  const counts = [
    ...(mended > 0 ? [`mended: ${mended}`] : []),
    ...(wrapped > 0 ? [`wrapped: ${wrapped}`] : []),
  ];
  const byWords = Map.groupBy(messages, ({ words }) => words ?? "its words were lost");
  const reasons = [...byWords].map(([words, some]) => `${words} (${some.length})`);
  return [
    `stored ${counts.join(", ")}, because the target refused the messages as they are: ${reasons.join("; ")}`,
  ];
}

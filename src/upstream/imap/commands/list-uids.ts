import { lineOf, type Untagged } from "../../../wire/imap/response.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { readUidRanges, type UidRange, uidRangesOf } from "../uid-range.ts";
import { searchUids } from "./search.ts";

/**
 * Which UIDs of a set are there in the open folder, as ascending ranges that do not touch: by ESEARCH (RFC 4731 §3.1) where offered, whose answer is
 * short however many messages there are, else by a plain SEARCH. A range never spans a UID that is not there.
 * @param uidSet as `1:*` or `4,7:9`; mind that `n:*` always names the last message (RFC 9051 §6.4.9)
 * @throws {Failure | CommandRefusedError}
 */
export async function listUids(connection: ImapConnection, uidSet: string): Promise<UidRange[]> {
  if (!connection.has("ESEARCH")) return uidRangesOf(await searchUids(connection, `UID ${uidSet}`));
  const ranges: UidRange[] = [];
  await run(
    connection,
    { name: "UID SEARCH", pieces: [`UID SEARCH RETURN (ALL) UID ${uidSet}`] },
    {
      untagged: (response) => {
        const set = esearchAll(response);
        if (set === undefined) return false;
        for (const range of readUidRanges(set ?? "")) ranges.push(range);
        return true;
      },
    },
  );
  return joined(ranges);
}

/** `* ESEARCH (TAG "a1") UID ALL 4:18,21`: the set; `null` = nothing was found; `undefined` for every other response. */
function esearchAll(response: Untagged): string | null | undefined {
  if (response.kind !== "data" || response.name !== "ESEARCH") return undefined;
  return /(?:^| )ALL ([0-9:,]+)/i.exec(lineOf(response))?.[1] ?? null;
}

/** In order, and one where two touch: servers may say a set in any order. */
function joined(ranges: readonly UidRange[]): UidRange[] {
  const result: UidRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || range.from > last.to + 1) result.push(range);
    else if (range.to > last.to) result[result.length - 1] = { from: last.from, to: range.to };
  }
  return result;
}

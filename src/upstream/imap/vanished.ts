import { lineOf, type Untagged } from "../../wire/imap/response.ts";

/**
 * The set of a VANISHED response, for `readUidRanges`; `undefined` for every other. With QRESYNC on it stands in place of EXPUNGE, and `(EARLIER)`
 * marks what went before (RFC 7162 §3.2.10): gone is gone.
 */
export function vanishedSet(response: Untagged): string | undefined {
  if (response.kind !== "data" || response.name !== "VANISHED") return undefined;
  return lineOf(response)
    .replace(/^\(EARLIER\) /i, "")
    .trim();
}

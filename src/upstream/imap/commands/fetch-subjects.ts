import { textOf } from "../../../wire/imap/value.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { fetchValues } from "./fetch-metadata.ts";

/**
 * The header fields called Subject of messages in the open folder, as octets, one character each, with their name and line ends (RFC 9051 §6.4.5). A
 * message that is gone, or whose field is too long to be kept, is missing.
 * @param uidSet as `4,7:9`
 * @throws {Failure | CommandRefusedError}
 */
export async function fetchSubjects(
  connection: ImapConnection,
  uidSet: string,
): Promise<Map<number, string>> {
  const subjects = new Map<number, string>();
  await run(
    connection,
    { name: "UID FETCH", pieces: [`UID FETCH ${uidSet} (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])`] },
    {
      untagged: (response) => {
        const values = fetchValues(response);
        if (values === null) return false;
        const header = [...values].find(([name]) => name.startsWith("BODY[HEADER.FIELDS"))?.[1];
        const text = textOf(header);
        if (text !== null) subjects.set(Number(textOf(values.get("UID"))), text);
        return true;
      },
      literal: (start) => (start.name === "FETCH" ? () => undefined : null),
    },
  );
  return subjects;
}

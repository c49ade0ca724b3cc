import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import { codeNumber, type ResponseCode, type Untagged, wordsOf } from "../../../wire/imap/response.ts";
import { protocolFault } from "../../failures.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { modSequenceOf } from "../mod-sequence.ts";
import { CommandRefusedError, FolderGoneError } from "../refusal.ts";

export interface OpenedFolder {
  readonly exists: number;
  readonly uidNext: number | null;
  readonly uidValidity: number;
  /** Decimal text: may exceed 2^53. `null` where the folder has none. */
  readonly highestModSeq: string | null;
  /** As the server spells them, `\*` included; `null` = not said, so all can be kept (RFC 9051 §7.1). */
  readonly permanentFlags: readonly string[] | null;
  readonly readOnly: boolean;
}

interface Found {
  exists: number | null;
  uidNext: number | null;
  uidValidity: number | null;
  highestModSeq: string | null;
  permanentFlags: string[] | null;
}

/**
 * Opens a folder: `examine` changes nothing there, not even \Recent (RFC 9051 §6.3.2, §6.3.3).
 * @throws {FolderGoneError} when the server does not open it; its `code` tells whether the folder is really gone
 * @throws {Failure}
 */
export async function openFolder(
  connection: ImapConnection,
  name: FolderName,
  mode: "examine" | "select",
): Promise<OpenedFolder> {
  const command = mode === "examine" ? "EXAMINE" : "SELECT";
  const found: Found = {
    exists: null,
    uidNext: null,
    uidValidity: null,
    highestModSeq: null,
    permanentFlags: null,
  };
  try {
    const answer = await run(
      connection,
      { name: command, pieces: [`${command} `, folderArgument(name)] },
      {
        untagged: (response) => note(found, response),
      },
    );
    const { exists, uidValidity } = found;
    if (exists === null || uidValidity === null)
      throw protocolFault(connection, `opened a folder without saying its EXISTS and UIDVALIDITY`);
    return {
      ...found,
      exists,
      uidValidity,
      readOnly: mode === "examine" || answer.code?.name === "READ-ONLY",
    };
  } catch (error) {
    if (error instanceof CommandRefusedError) throw new FolderGoneError(error.message, error);
    throw error;
  }
}

function note(found: Found, response: Untagged): boolean {
  if (response.kind === "data") {
    if (response.name === "EXISTS") found.exists = response.number;
    return ["EXISTS", "RECENT", "FLAGS"].includes(response.name);
  }
  if (response.status !== "OK" || response.code === null) return false;
  return noteCode(found, response.code);
}

function noteCode(found: Found, code: ResponseCode): boolean {
  switch (code.name) {
    case "UIDNEXT":
      found.uidNext = codeNumber(code);
      return true;
    case "UIDVALIDITY":
      found.uidValidity = codeNumber(code);
      return true;
    case "HIGHESTMODSEQ":
      found.highestModSeq = modSequenceOf(code.text);
      return true;
    case "PERMANENTFLAGS":
      found.permanentFlags = wordsOf(code);
      return true;
    default:
      return false;
  }
}

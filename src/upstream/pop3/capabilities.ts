import type { LineConnection } from "../line-connection.ts";
import { ask, readList } from "./reply.ts";

/** What a server offers (RFC 2449 §5). */
export interface Capabilities {
  /** As the server wrote them; empty where it does not know CAPA. */
  readonly lines: readonly string[];
  /** The words behind a keyword, in upper case; `undefined` where the server does not offer it. */
  parametersOf(keyword: string): readonly string[] | undefined;
}

/** Asks the server what it offers. @throws {Failure} `-unreachable`, `-protocol` */
export async function askCapabilities(connection: LineConnection): Promise<Capabilities> {
  const { status } = await ask(connection, "CAPA");
  // RFC 2449 §5: an old server does not know the command, and takes USER and PASS.
  return capabilitiesOf(status === "+OK" ? await readList(connection, "the list of CAPA") : []);
}

function capabilitiesOf(lines: readonly string[]): Capabilities {
  const offered = new Map(
    lines.map((line): [string, string[]] => {
      const [keyword = "", ...words] = line.trim().toUpperCase().split(/ +/);
      return [keyword, words];
    }),
  );
  return { lines, parametersOf: (keyword) => offered.get(keyword) };
}

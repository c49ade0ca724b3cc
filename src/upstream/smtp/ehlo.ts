import type { LineConnection } from "../line-connection.ts";
import { ask, unwelcome } from "./reply.ts";

/** What a server offers: the lines of its answer to EHLO but for the first, which is its name. */
export interface Offers {
  readonly lines: readonly string[];
  /** The parameters of a keyword, which is in upper case; `undefined` where it is not offered. */
  parametersOf(keyword: string): readonly string[] | undefined;
}

/** How we call ourselves, in a client's place. */
export interface Introduction {
  /** What the client called itself; printable ASCII. */
  readonly name: string;
  /** Where the server does not take the name: an address literal (RFC 5321 §4.1.4 allows it always). */
  readonly literal: string;
}

/**
 * Greets the server (RFC 5321 §4.1.1.1).
 * @throws {Failure} `-unreachable`, `-limit`, `-protocol`
 */
export async function sayHello(connection: LineConnection, { name, literal }: Introduction): Promise<Offers> {
  let reply = await ask(connection, `EHLO ${name}`, "the answer to EHLO");
  // Some servers judge the name, and a mail program's choice of one must not keep its user's mail back.
  if (reply.code >= 500 && name !== literal)
    reply = await ask(connection, `EHLO ${literal}`, "the answer to EHLO");
  if (reply.code !== 250) throw connection.fail(unwelcome(connection, "refused EHLO", reply));
  return offersOf(reply.lines.slice(1));
}

/** RFC 5321 §4.1.4: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
export function addressLiteral(address: string): string {
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}

function offersOf(lines: readonly string[]): Offers {
  const known = new Map<string, string[]>();
  for (const line of lines) {
    // Servers for the programs of the nineties write `AUTH=PLAIN LOGIN` as well.
    const [keyword = "", ...parameters] = line.trim().split(/[ =]+/);
    const name = keyword.toUpperCase();
    known.set(name, [...(known.get(name) ?? []), ...parameters.map((word) => word.toUpperCase())]);
  }
  return { lines, parametersOf: (keyword) => known.get(keyword) };
}

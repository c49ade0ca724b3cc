import type net from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { ImapConnection } from "../../../src/upstream/imap/connection/connection.ts";
import { AFTER_LOGIN, BEFORE_LOGIN, type UpstreamLimits } from "../../../src/upstream/limits.ts";

/** A connection in memory whose server is the test. */
export interface Scripted {
  readonly connection: ImapConnection;
  /** The next line that the client sends, without its tag and CRLF; `literal` instead reads that many octets. */
  readonly line: () => Promise<string>;
  readonly literal: (octets: number) => Promise<string>;
  /** Sends lines with CRLF. `%` stands for the tag of the command read last. */
  readonly say: (...lines: string[]) => void;
  readonly server: Duplex;
}

/** @param capabilities what the connection believes the server to offer */
export function scriptedConnection(
  capabilities = "IMAP4REV1",
  limits: Partial<UpstreamLimits> = {},
): Scripted {
  const [client, server] = duplexPair();
  const connection = new ImapConnection({
    // Of a socket, the connection uses what every stream has.
    socket: client as net.Socket,
    side: "source",
    endpoint: { host: "mail.old.example", port: 143, tls: "none", ca: null, verify: true },
    limits: { before: { ...BEFORE_LOGIN, ...limits }, after: { ...AFTER_LOGIN, ...limits } },
  });
  connection.setCapabilities(capabilities);
  connection.setLoggedIn();
  let tag = "";
  const take = async (find: (waiting: string) => number): Promise<string> => {
    let waiting = "";
    for (;;) {
      const chunk = server.read() as Buffer | null;
      if (chunk === null) await new Promise((resolve) => server.once("readable", resolve));
      else waiting += chunk.toString("latin1");
      const count = find(waiting);
      if (count === 0) continue;
      server.unshift(Buffer.from(waiting.slice(count), "latin1"));
      return waiting.slice(0, count);
    }
  };
  return {
    connection,
    server,
    line: async () => {
      const line = (await take((waiting) => waiting.indexOf("\r\n") + 1)).slice(0, -1);
      await take((waiting) => Math.min(waiting.length, 1));
      const tagged = /^([0-9a-f]{8}[0-9]+) (.*)$/s.exec(line);
      if (tagged === null) return line;
      tag = tagged[1] as string;
      return tagged[2] as string;
    },
    literal: (octets) => take((waiting) => (waiting.length >= octets ? octets : 0)),
    say: (...lines) => {
      server.write(lines.map((line) => `${line.replaceAll("%", tag)}\r\n`).join(""), "latin1");
    },
  };
}

export async function* bodyOf(...pieces: string[]): AsyncGenerator<Buffer, void, undefined> {
  for (const piece of pieces) yield Buffer.from(piece, "latin1");
}

export async function textOfBody(body: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const piece of body) text += piece.toString("latin1");
  return text;
}

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { ScriptPeer } from "./script-server.ts";

/** Says why a message is refused, as the rest of a NO; `null` = it is stored. */
export type Refuses = (message: Buffer) => string | null;

export interface RefusingRelay {
  readonly port: number;
  /** What was said to APPENDs that were refused, in order. */
  readonly refused: readonly string[];
  /** Who is asked from now on. */
  refuse(refuses: Refuses): void;
  /** The next message with this text in it is stored, and the connection breaks before the client is told. */
  loseAnswerTo(text: string): void;
  stop(): Promise<void>;
}

interface Command {
  /** With all its literals, each as a non-synchronizing one. */
  readonly octets: Buffer;
  readonly firstLine: string;
  readonly literals: readonly Buffer[];
}

/**
 * Stands in front of a real server, in clear, and is stricter than it: an APPEND with a message that `refuses` names is answered with NO, whole
 * (RFC 3502: all messages or none), and the server never sees it. Everything else is passed on.
 */
export async function startRefusingRelay(
  to: { readonly host: string; readonly port: number },
  first: Refuses,
): Promise<RefusingRelay> {
  let refuses = first;
  let lost: string | null = null;
  const refused: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to.port, to.host);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    let isLosing = false;
    upstream.on("data", (piece) => {
      if (isLosing) end();
      else if (!client.destroyed) client.write(piece);
    });
    const say = (text: string) => client.destroyed || client.write(text, "latin1");
    void passCommands(new ScriptPeer(client), upstream, say, (command) => {
      if (/^\S+ COMPRESS /i.test(command.firstLine)) return "this relay could not read it";
      if (!/^\S+ APPEND /i.test(command.firstLine)) return null;
      const words = command.literals.map((message) => refuses(message)).find((one) => one !== null) ?? null;
      if (words !== null) refused.push(words);
      else if (lost !== null && command.octets.includes(lost)) {
        isLosing = true;
        lost = null;
      }
      return words;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    refused,
    refuse: (other) => {
      refuses = other;
    },
    loseAnswerTo: (text) => {
      lost = text;
    },
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

async function passCommands(
  peer: ScriptPeer,
  upstream: Socket,
  say: (text: string) => void,
  judge: (command: Command) => string | null,
): Promise<void> {
  for (let command = await readCommand(peer, say); command; command = await readCommand(peer, say)) {
    const words = judge(command);
    if (words !== null) say(`${command.firstLine.split(" ")[0]} NO ${words}\r\n`);
    else if (!upstream.destroyed) upstream.write(command.octets);
  }
}

/** A line with all literals that it announces; the continuations of synchronizing ones are given here. */
async function readCommand(peer: ScriptPeer, say: (text: string) => void): Promise<Command | null> {
  const pieces: Buffer[] = [];
  const literals: Buffer[] = [];
  let firstLine: string | null = null;
  for (;;) {
    const line = await peer.line();
    if (line === null) return null;
    firstLine ??= line;
    const [, before = "", size, plus] = /^(.*)\{(\d+)(\+?)\}$/s.exec(line) ?? [];
    if (size === undefined) {
      pieces.push(Buffer.from(`${line}\r\n`, "latin1"));
      return { octets: Buffer.concat(pieces), firstLine, literals };
    }
    if (plus === "") say("+ go on\r\n");
    const octets = await peer.octets(Number(size));
    if (octets === null) return null;
    literals.push(octets);
    pieces.push(Buffer.from(`${before}{${size}+}\r\n`, "latin1"), octets);
  }
}

/** What Cyrus refuses, and servers behind filters: NULs, bare line ends, a mailbox file's separator, a word. */
export function strictly(message: Buffer): string | null {
  const text = message.toString("latin1");
  if (text.includes("\0")) return "Message contains NUL characters";
  if (/(?<!\r)\n|\r(?!\n)/.test(text)) return "Message contains bare newlines";
  if (text.startsWith("From ")) return "Message contains invalid header";
  if (/^X-Bad:/m.test(text.slice(0, Math.max(0, text.indexOf("\r\n\r\n")))))
    return "Message contains invalid header";
  if (text.includes("EICAR")) return "[CANNOT] Message contains a virus";
  if (text.includes("TOO-MUCH")) return "[OVERQUOTA] No room";
  return null;
}

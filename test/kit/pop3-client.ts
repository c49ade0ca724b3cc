import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ImapPlace } from "./imap-client.ts";
import { ScriptPeer } from "./script-server.ts";

export interface Pop3Place extends ImapPlace {
  /** Own address to connect from. */
  readonly localAddress?: string;
}

/** A mail program that speaks POP3: every octet that it sends is the test's own. */
export class Pop3Client {
  readonly #peer: ScriptPeer;

  private constructor(peer: ScriptPeer) {
    this.#peer = peer;
  }

  /** Connects, with STLS or TLS as the place says, and reads the greeting. */
  static async connect(place: Pop3Place): Promise<Pop3Client> {
    const { host, port, ca, localAddress } = place;
    const socket = connect({ host, port, noDelay: true, ...(localAddress ? { localAddress } : {}) });
    await once(socket, "connect");
    const inside = async () => {
      const secured = connectTls({
        socket,
        ...(ca === null ? {} : { ca }),
        servername: "localhost",
        ALPNProtocols: ["pop3"],
      });
      await once(secured, "secureConnect");
      return new ScriptPeer(secured);
    };
    const client = new Pop3Client(place.tls === "implicit" ? await inside() : new ScriptPeer(socket));
    await client.reply();
    if (place.tls !== "starttls") return client;
    await client.say("STLS");
    client.#peer.detach();
    return new Pop3Client(await inside());
  }

  /** Logs in by USER and PASS. */
  async logIn(user: string, password: string): Promise<string | null> {
    await this.say(`USER ${user}`);
    return this.say(`PASS ${password}`);
  }

  /** Sends one line, in UTF-8, and gives the first line of the answer. */
  async say(line: string): Promise<string | null> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** Sends one line and gives the list that it is answered with, without its dot; the answer alone where that is no `+OK`. */
  async list(line: string): Promise<string[]> {
    const first = (await this.say(line)) ?? "";
    if (!first.startsWith("+OK")) return [first];
    const lines: string[] = [];
    for (;;) {
      const next = await this.reply();
      if (next === "." || next === null) return lines;
      lines.push(next.startsWith(".") ? next.slice(1) : next);
    }
  }

  write(octets: string): void {
    this.#peer.socket.write(octets);
  }

  /** The next line, without its CRLF; `null` where the server has ended. */
  reply(): Promise<string | null> {
    return this.#peer.line();
  }

  /** Everything until the server ends. */
  rest(): Promise<string> {
    return this.#peer.rest();
  }

  close(): void {
    this.#peer.destroy();
  }
}

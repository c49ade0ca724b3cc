import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ImapPlace } from "./imap-client.ts";
import { ScriptPeer } from "./script-server.ts";

/** A server's answer, each line without its CRLF. */
export type SmtpReply = readonly string[];

export interface SmtpPlace extends ImapPlace {
  /** Own address to connect from. */
  readonly localAddress?: string;
}

/** A mail program as it submits: every octet that it sends is the test's own. */
export class SmtpClient {
  readonly #peer: ScriptPeer;
  /** What the server has offered in its last answer to EHLO. */
  offers: SmtpReply = [];

  private constructor(peer: ScriptPeer) {
    this.#peer = peer;
  }

  /** Connects, with STARTTLS or TLS as the place says, and greets. */
  static async connect(place: SmtpPlace, name = "pc.test"): Promise<SmtpClient> {
    const { host, port, ca, localAddress } = place;
    const socket = connect({ host, port, noDelay: true, ...(localAddress ? { localAddress } : {}) });
    await once(socket, "connect");
    const inside = async () => {
      const secured = connectTls({
        socket,
        ...(ca === null ? {} : { ca }),
        servername: "localhost",
        ALPNProtocols: ["smtp"],
      });
      await once(secured, "secureConnect");
      return new ScriptPeer(secured);
    };
    let client = new SmtpClient(place.tls === "implicit" ? await inside() : new ScriptPeer(socket));
    await client.reply();
    await client.greet(name);
    if (place.tls === "starttls") {
      await client.say("STARTTLS");
      client.#peer.detach();
      client = new SmtpClient(await inside());
      await client.greet(name);
    }
    return client;
  }

  async greet(name: string): Promise<SmtpReply> {
    this.offers = await this.say(`EHLO ${name}`);
    return this.offers;
  }

  /** Logs in by AUTH PLAIN with the credentials in the same line. */
  logIn(user: string, password: string): Promise<SmtpReply> {
    return this.say(`AUTH PLAIN ${plain(user, password)}`);
  }

  /** Sends one line and gives the answer. */
  async say(line: string): Promise<SmtpReply> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  write(octets: Buffer | string): void {
    this.#peer.socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
  }

  /** The next answer; what stands there so far where the server has ended. */
  async reply(): Promise<SmtpReply> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#peer.line();
      if (line !== null) lines.push(line);
      if (line === null || line[3] !== "-") return lines;
    }
  }

  /** Everything until the server ends. */
  rest(): Promise<string> {
    return this.#peer.rest();
  }

  close(): void {
    this.#peer.destroy();
  }
}

/** The one message of SASL PLAIN, in base64. */
export function plain(user: string, password: string): string {
  return Buffer.from(`\0${user}\0${password}`).toString("base64");
}

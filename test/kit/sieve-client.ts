import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ImapPlace } from "./imap-client.ts";
import { ScriptPeer } from "./script-server.ts";

/** An answer, each line without its CRLF; the last one is OK, NO or BYE. */
export type SieveReply = readonly string[];

/** A program that manages scripts: every octet that it sends is the test's own. */
export class SieveClient {
  readonly #peer: ScriptPeer;
  /** The last capabilities that came unasked. */
  greeting: SieveReply = [];

  private constructor(peer: ScriptPeer) {
    this.#peer = peer;
  }

  /** Connects, with STARTTLS or TLS as the place says, up to the capabilities. */
  static async connect(place: ImapPlace): Promise<SieveClient> {
    const { host, port, ca } = place;
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    const inside = async () => {
      const options = { socket, servername: "localhost", ALPNProtocols: ["managesieve"] };
      const secured = connectTls(ca ? { ...options, ca } : options);
      await once(secured, "secureConnect");
      return new ScriptPeer(secured);
    };
    let client = new SieveClient(place.tls === "implicit" ? await inside() : new ScriptPeer(socket));
    client.greeting = await client.reply();
    if (place.tls === "starttls") {
      await client.say("STARTTLS");
      client.#peer.detach();
      client = new SieveClient(await inside());
      client.greeting = await client.reply();
    }
    return client;
  }

  /** Logs in by AUTHENTICATE PLAIN with the credentials in the same line. */
  async logIn(user: string, password: string): Promise<string> {
    return (await this.say(`AUTHENTICATE "PLAIN" "${plain(user, password)}"`)).at(-1) ?? "";
  }

  /** Sends one line and gives the answer. */
  async say(line: string): Promise<SieveReply> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  write(octets: string): void {
    this.#peer.sendRaw(octets);
  }

  /** The next answer; a challenge is the caller's to read by `line`. */
  async reply(): Promise<SieveReply> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      lines.push(line);
      if (/^(OK|NO|BYE)( |$)/.test(line)) return lines;
    }
  }

  /** The next line, literals included. */
  async line(): Promise<string> {
    const line = await this.#peer.line();
    if (line === null) throw new Error("the server has closed the connection");
    const octets = /\{(\d+)\}$/.exec(line)?.[1];
    if (octets === undefined) return line;
    const literal = await this.#peer.octets(Number(octets));
    return `${line}\r\n${literal?.toString("latin1") ?? ""}${await this.line()}`;
  }

  close(): void {
    this.#peer.destroy();
  }
}

/** The one message of SASL PLAIN (RFC 4616 §2) in base64. */
export function plain(user: string, password: string): string {
  return base64(`\0${user}\0${password}`);
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

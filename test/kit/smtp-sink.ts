import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** One message as the sink got it. */
export interface SunkMessage {
  /** What stood behind `MAIL` and each `RCPT`, as it came. */
  readonly from: string;
  readonly to: readonly string[];
  /** How the content came: of DATA it has its dots still doubled. */
  readonly by: "DATA" | "BDAT";
  readonly octets: Buffer;
}

export interface SmtpSinkOptions {
  /** Lines of its answer to EHLO. */
  readonly offers?: readonly string[];
  /** What it says first; default: that it is ready. */
  readonly greeting?: string;
}

/** Every octet passes here, so that whatever stands in front of it has changed nothing. */
export interface SmtpSink {
  readonly port: number;
  /** All messages that were accepted, in order. */
  readonly messages: readonly SunkMessage[];
  /** Every command line, of all connections, in the order they came; what follows AUTH is left out. */
  readonly commands: readonly string[];
  close(): Promise<void>;
}

const OFFERS = [
  "PIPELINING",
  "SIZE 50000000",
  "8BITMIME",
  "DSN",
  "CHUNKING",
  "BINARYMIME",
  "SMTPUTF8",
  "ENHANCEDSTATUSCODES",
  "AUTH PLAIN LOGIN",
];

/** An SMTP server on loopback that takes every login and every message and keeps them. Lines end in CRLF only (RFC 5321 §2.3.8). */
export async function startSmtpSink(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
  const messages: SunkMessage[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    void new SinkSession(socket, options, messages, commands).run();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

class SinkSession {
  readonly #socket: Socket;
  readonly #options: SmtpSinkOptions;
  readonly #messages: SunkMessage[];
  readonly #commands: string[];
  readonly #chunks: AsyncIterator<Buffer>;
  #unread = Buffer.alloc(0);
  #from = "";
  #to: string[] = [];
  #content: Buffer[] = [];

  constructor(socket: Socket, options: SmtpSinkOptions, messages: SunkMessage[], commands: string[]) {
    this.#socket = socket;
    this.#options = options;
    this.#messages = messages;
    this.#commands = commands;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async run(): Promise<void> {
    try {
      this.#say(this.#options.greeting ?? "220 sink.test ESMTP");
      for (;;) {
        const line = (await this.#until("\r\n")).toString("latin1");
        this.#commands.push(line.replace(/^(AUTH \w+) .*/i, "$1"));
        if (!(await this.#obey(line))) return;
      }
    } catch (error) {
      if (!(error instanceof SinkEnd)) throw error;
    } finally {
      this.#socket.end();
    }
  }

  async #obey(line: string): Promise<boolean> {
    const [verb = "", ...words] = line.split(" ");
    switch (verb.toUpperCase()) {
      case "EHLO":
        this.#hello();
        return true;
      case "AUTH":
        if (words.length === 1) await this.#challenge();
        if (words[0]?.toUpperCase() === "LOGIN") await this.#challenge();
        this.#say("235 2.7.0 Welcome");
        return true;
      case "MAIL":
        this.#begin(words.join(" "));
        return true;
      case "RCPT":
        this.#to.push(words.join(" "));
        this.#say("250 2.1.5 OK");
        return true;
      case "DATA":
        this.#say("354 go on");
        this.#content.push(await this.#until("\r\n.\r\n", 2));
        this.#finish("DATA");
        return true;
      case "BDAT":
        this.#content.push(await this.#octets(Number(words[0])));
        if (words[1]?.toUpperCase() === "LAST") this.#finish("BDAT");
        else this.#say("250 2.0.0 go on");
        return true;
      case "QUIT":
        this.#say("221 2.0.0 Bye");
        return false;
      default:
        this.#say(/^(?:HELO|RSET|NOOP|XCLIENT)$/i.test(verb) ? "250 2.0.0 OK" : "502 5.5.1 what?");
        return true;
    }
  }

  #hello(): void {
    const lines = ["sink.test", ...(this.#options.offers ?? OFFERS)];
    for (const [at, line] of lines.entries()) this.#say(`250${at + 1 < lines.length ? "-" : " "}${line}`);
  }

  async #challenge(): Promise<void> {
    this.#say("334 ");
    await this.#until("\r\n");
  }

  #begin(from: string): void {
    this.#from = from;
    this.#to = [];
    this.#content = [];
    this.#say("250 2.1.0 OK");
  }

  #finish(by: SunkMessage["by"]): void {
    this.#messages.push({ by, from: this.#from, to: this.#to, octets: Buffer.concat(this.#content) });
    this.#content = [];
    this.#say("250 2.0.0 kept");
  }

  #say(line: string): void {
    this.#socket.write(`${line}\r\n`, "latin1");
  }

  /** Everything up to the mark, of which `kept` octets belong to the content. */
  async #until(mark: string, kept = 0): Promise<Buffer> {
    for (;;) {
      // A message without a line ends with the first three octets behind DATA's answer.
      const at = kept > 0 && this.#unread.indexOf(".\r\n") === 0 ? -2 : this.#unread.indexOf(mark);
      if (at >= 0 || at === -2) {
        const taken = Buffer.from(this.#unread.subarray(0, Math.max(0, at + kept)));
        this.#unread = this.#unread.subarray(at + mark.length);
        return taken;
      }
      await this.#more();
    }
  }

  async #octets(count: number): Promise<Buffer> {
    while (this.#unread.length < count) await this.#more();
    const taken = Buffer.from(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done) throw new SinkEnd("the other side has ended");
    this.#unread = Buffer.concat([this.#unread, value]);
  }
}

/** The other side has ended between or within commands. */
class SinkEnd extends Error {
  override readonly name = "SinkEnd";
}

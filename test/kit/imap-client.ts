import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** One response line: text with `{n}` where literals stood, and their octets. Text is one character an octet (latin1). */
export interface ImapLine {
  readonly text: string;
  readonly literals: readonly Buffer[];
}

export interface ImapReply {
  readonly status: "OK" | "NO" | "BAD";
  /** What follows the status. */
  readonly text: string;
  readonly untagged: readonly ImapLine[];
}

export interface ImapPlace {
  readonly host: string;
  readonly port: number;
  readonly tls: "starttls" | "implicit" | "none";
  readonly ca: string | null;
}

/**
 * A plain IMAP client that shares no code with the program under test: it sends commands as they are given and keeps every octet of
 * the answers.
 */
export class ImapClient {
  #socket: Socket;
  #waiting = Buffer.alloc(0);
  #wake: () => void = () => {};
  #ended = false;
  #tag = 0;
  greeting: ImapLine = { text: "", literals: [] };
  /** The server says what it can, and LITERAL+ is not among it: the octets of a literal wait for its `+`. */
  literalsWait = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects, reads the greeting and brings TLS up as `place` says. */
  static async connect(place: ImapPlace): Promise<ImapClient> {
    const { host, port } = place;
    const secure = place.tls === "implicit";
    const socket = secure ? connectTls({ host, port, ...authority(place) }) : connectTcp(port, host);
    await once(socket, secure ? "secureConnect" : "connect");
    socket.setNoDelay(true);
    const client = new ImapClient(socket);
    client.greeting = await client.readLine();
    client.literalsWait = /\[CAPABILITY (?!.*LITERAL[+-])/.test(client.greeting.text);
    if (place.tls === "starttls") await client.startTls(place);
    return client;
  }

  async startTls(place: ImapPlace): Promise<void> {
    expectOk(await this.command("STARTTLS"), "STARTTLS");
    this.#socket.removeAllListeners();
    const secure = connectTls({ socket: this.#socket, host: place.host, ...authority(place) });
    await once(secure, "secureConnect");
    this.#socket = secure;
    this.#listen();
  }

  /** Logs in with LOGIN, name and password as literals, so that any octets pass. */
  async logIn(user: string | Buffer, password: string | Buffer): Promise<ImapReply> {
    return this.command("LOGIN ", Buffer.from(user), " ", Buffer.from(password));
  }

  /** Sends a command and reads its answer. Strings are latin1; a Buffer goes as a literal. */
  async command(...parts: readonly (string | Buffer)[]): Promise<ImapReply> {
    return this.answerTo(this.literalsWait ? await this.#sendInSteps(parts) : this.send(...parts));
  }

  /** Sends a command with non-synchronizing literals and returns its tag, for `answerTo`: several may be under way. */
  send(...parts: readonly (string | Buffer)[]): string {
    this.#tag += 1;
    const tag = `t${this.#tag}`;
    this.#socket.cork();
    this.write(`${tag} `);
    for (const part of parts) {
      if (typeof part !== "string") this.write(`{${part.length}+}\r\n`);
      this.write(part);
    }
    this.write("\r\n");
    this.#socket.uncork();
    return tag;
  }

  /** @throws when the server refuses a literal */
  async #sendInSteps(parts: readonly (string | Buffer)[]): Promise<string> {
    this.#tag += 1;
    const tag = `t${this.#tag}`;
    let waiting = `${tag} `;
    for (const part of parts) {
      if (typeof part === "string") {
        waiting += part;
        continue;
      }
      this.write(`${waiting}{${part.length}}\r\n`);
      const line = await this.readLine();
      if (!line.text.startsWith("+")) throw new Error(`the server refuses a literal: ${line.text}`);
      this.write(part);
      waiting = "";
    }
    this.write(`${waiting}\r\n`);
    return tag;
  }

  /** Sends octets as they are. */
  write(octets: string | Buffer): void {
    this.#socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
  }

  /** Reads up to the tagged answer; untagged lines go to `onUntagged`, or into the reply where it is not given. */
  async answerTo(tag: string, onUntagged?: (line: ImapLine) => void): Promise<ImapReply> {
    const untagged: ImapLine[] = [];
    const keep = onUntagged ?? ((line: ImapLine) => untagged.push(line));
    for (;;) {
      const line = await this.readLine();
      const tagged = /^(\S+) (OK|NO|BAD) ?(.*)$/s.exec(line.text);
      if (tagged && tagged[1] === tag)
        return { status: tagged[2] as ImapReply["status"], text: tagged[3] ?? "", untagged };
      keep(line);
    }
  }

  /**
   * The next response line with its literals.
   * @throws when the server has closed the connection
   */
  async readLine(): Promise<ImapLine> {
    const literals: Buffer[] = [];
    let text = "";
    for (;;) {
      text += await this.#takeLine();
      const size = /\{(\d+)\}$/.exec(text)?.[1];
      if (size === undefined) return { text, literals };
      literals.push(await this.#take(Number(size)));
    }
  }

  /** Resolves when the server has closed the connection. */
  async closedByServer(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  async logOut(): Promise<void> {
    await this.command("LOGOUT");
    this.close();
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    this.#socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    this.#socket.on("end", end).on("close", end).on("error", end);
  }

  #chunks: Buffer[] = [];

  /** Waits for octets behind those that wait already; false = there will be none. */
  async #more(): Promise<boolean> {
    if (this.#chunks.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#chunks.length === 0) return false;
    this.#waiting = Buffer.concat([this.#waiting, ...this.#chunks.splice(0)]);
    return true;
  }

  async #takeLine(): Promise<string> {
    for (;;) {
      const end = this.#waiting.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#waiting.toString("latin1", 0, end);
        this.#waiting = this.#waiting.subarray(end + 2);
        return line;
      }
      if (!(await this.#more())) throw new Error("the IMAP server closed the connection");
    }
  }

  async #take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [this.#waiting];
    let have = this.#waiting.length;
    while (have < count) {
      this.#waiting = Buffer.alloc(0);
      if (!(await this.#more())) throw new Error("the IMAP server closed the connection inside a literal");
      parts.push(this.#waiting);
      have += this.#waiting.length;
    }
    const all = parts.length === 1 ? this.#waiting : Buffer.concat(parts, have);
    this.#waiting = all.subarray(count);
    return all.subarray(0, count);
  }
}

/** @throws when the server did not say OK */
export function expectOk(reply: ImapReply, what: string): ImapReply {
  if (reply.status !== "OK") throw new Error(`${what}: ${reply.status} ${reply.text}`);
  return reply;
}

function authority(place: ImapPlace): { ca?: string } {
  return place.ca === null ? {} : { ca: place.ca };
}

import { readFile } from "node:fs/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import { makeCertificates } from "./certs.ts";
import { ScriptPeer, type ScriptServer, startScriptServer } from "./script-server.ts";
import { makeTempFolder, removeTempFolder } from "./temp-folder.ts";

/**
 * A server of a protocol of lines that follows a script: `C: …` is what it must hear, `S: …` what it says, `S| …` the same without a line end, `TLS` begins TLS, `END`
 * closes. A first word `%` stands for a tag (IMAP): any in what it hears; the last one heard in what it says, and `%%` for the one before that.
 */
export interface LineScript {
  readonly port: number;
  /** What it heard, and what the script has for it. */
  readonly heard: readonly (string | null)[];
  readonly expected: readonly string[];
}

/** Servers for one test after the other, with one certificate for all. */
export class LineScripts {
  readonly ca: string;
  readonly #context: ReturnType<typeof createSecureContext>;
  #servers: ScriptServer[] = [];

  private constructor(ca: string, context: ReturnType<typeof createSecureContext>) {
    this.ca = ca;
    this.#context = context;
  }

  static async create(): Promise<LineScripts> {
    const folder = await makeTempFolder("lines");
    const { ca, certFile, keyFile } = await makeCertificates(folder);
    const context = createSecureContext({ cert: await readFile(certFile), key: await readFile(keyFile) });
    await removeTempFolder(folder);
    return new LineScripts(ca, context);
  }

  /** Starts a server that plays the script to each client. */
  async serve(script: readonly string[]): Promise<LineScript> {
    const heard: (string | null)[] = [];
    const expected: string[] = [];
    const server = await startScriptServer(async (peer) => {
      await this.#play(peer, script, heard, expected);
    });
    this.#servers.push(server);
    return { port: server.port, heard, expected };
  }

  /** Ends all servers. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.close()));
  }

  async #play(
    first: ScriptPeer,
    script: readonly string[],
    heard: (string | null)[],
    expected: string[],
  ): Promise<void> {
    let peer = first;
    let tags: string[] = [];
    for (const line of script) {
      if (line.startsWith("S: % ")) peer.send(`${tags.at(-1)}${line.slice(4)}`);
      else if (line.startsWith("S: %% ")) peer.send(`${tags.at(-2)}${line.slice(5)}`);
      else if (line.startsWith("S: ")) peer.send(line.slice(3));
      else if (line.startsWith("S| ")) peer.sendRaw(line.slice(3));
      else if (line === "END") peer.end();
      else if (line === "TLS")
        peer = new ScriptPeer(
          new TLSSocket(peer.detach().socket, { isServer: true, secureContext: this.#context }),
        );
      else {
        let words = await peer.line();
        if (line.startsWith("C: % ") && words !== null) {
          const [tag = ""] = words.split(" ");
          tags = [...tags, tag];
          words = `%${words.slice(tag.length)}`;
        }
        heard.push(words);
        expected.push(line.slice(3));
        if (words !== line.slice(3)) return peer.end();
      }
    }
  }
}

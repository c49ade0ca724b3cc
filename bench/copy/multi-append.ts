import type { MessageHead } from "./fetch-everything.ts";
import type { Wire } from "./wire.ts";

const MOST_MESSAGES = 100;

/** APPENDs of up to 100 messages each (RFC 3502) with literals that wait for nobody (RFC 7888), all in flight at once. */
export class Batches {
  readonly #wire: Wire;
  readonly #answers: Promise<void>[] = [];
  #folder = "";
  #messages = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Makes the folders; one that is there already is fine. */
  create(folders: readonly string[]): void {
    for (const folder of folders) {
      if (folder === "INBOX") continue;
      this.#answers.push(
        new Promise((resolve) => {
          const tag = this.#wire.expect(() => resolve());
          this.#wire.write(`${tag} CREATE "${folder}"\r\n`);
        }),
      );
    }
  }

  /** Announces the next message; its octets go to the wire behind this. */
  begin(head: MessageHead): void {
    if (this.#messages === MOST_MESSAGES || head.folder !== this.#folder) this.end();
    if (this.#messages === 0) this.#wire.write(`${this.#tag()} APPEND "${head.folder}"`);
    this.#folder = head.folder;
    this.#messages += 1;
    this.#wire.write(` (${head.flags}) "${head.internalDate}" {${head.size}+}\r\n`);
  }

  /** Ends the present batch, if there is one. */
  end(): void {
    if (this.#messages > 0) this.#wire.write("\r\n");
    this.#messages = 0;
  }

  /** @throws when a batch was refused */
  async answered(): Promise<void> {
    await Promise.race([Promise.all(this.#answers), this.#wire.failure]);
  }

  #tag(): string {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {}); // `answered` tells
    this.#answers.push(promise);
    return this.#wire.expect((answer) =>
      answer.startsWith("OK") ? resolve() : reject(new Error(`APPEND: ${answer}`)),
    );
  }
}

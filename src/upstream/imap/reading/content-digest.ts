import { createHash } from "node:crypto";
import { Mender } from "../../message/mender.ts";

const CR = 0x0d;
const NUL = 0x00;
const STAND_IN_FOR_NUL = 0x80;

/**
 * Hashes one message three times as it streams past: exactly; with the differences taken out that a server makes in what it stores: a CR
 * counts nothing (bare LF becomes CRLF, CR CR LF becomes CR LF), and NUL is the 0x80 that Dovecot keeps in its place; and as `Mender` leaves it, which is
 * how it is sent to a server that refuses it as it is.
 */
export class ContentDigest {
  readonly #exact = createHash("sha256");
  readonly #mended = createHash("sha256");
  readonly #remedied = createHash("sha256");
  readonly #mender = new Mender();
  #octets = 0;

  update(chunk: Buffer): void {
    this.#exact.update(chunk);
    this.#mended.update(withoutForcedChanges(chunk));
    this.#remedied.update(this.#mender.push(chunk));
    this.#octets += chunk.length;
  }

  finish(uid: number): { uid: number; octets: number; exact: string; mended: string; remedied: string } {
    this.#remedied.update(this.#mender.finish());
    return {
      uid,
      octets: this.#octets,
      exact: this.#exact.digest("hex"),
      mended: this.#mended.digest("hex"),
      remedied: this.#remedied.digest("hex"),
    };
  }
}

function withoutForcedChanges(chunk: Buffer): Buffer {
  const kept = Buffer.allocUnsafe(chunk.length);
  let length = 0;
  for (const octet of chunk) {
    if (octet === CR) continue;
    kept[length] = octet === NUL ? STAND_IN_FOR_NUL : octet;
    length += 1;
  }
  return kept.subarray(0, length);
}

import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Secret } from "../kit/secret.ts";
import { Semaphore } from "../kit/semaphore.ts";
import { VaultError } from "./vault-error.ts";

/** RFC 9106 §4 allows less memory with more passes; these are OWASP's figures: 19 MiB, two passes, about 60 ms. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const SALT_OCTETS = 16;
const TAG_OCTETS = 32;
/** A verifier from elsewhere may be dearer than ours, but not so dear that checking it becomes an attack. KiB. */
const MEMORY_LIMIT_KIB = 262_144;
const PASSES_LIMIT = 16;
const PHC =
  /^\{ARGON2ID\}\$argon2id\$v=19\$m=(?<memory>\d{1,7}),t=(?<passes>\d{1,3}),p=(?<parallelism>\d{1,2})\$(?<salt>[A-Za-z0-9+/]{11,86})\$(?<tag>[A-Za-z0-9+/]{16,86})$/;

/** libuv has four threads for hashes, files and names together: two always stay free for the others. */
const inFlight = new Semaphore(2);
const derive = promisify(argon2);

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** A one-way text by which a password is recognised later: `{ARGON2ID}$argon2id$…`, as Dovecot reads it too. */
export async function makeVerifier(password: Secret): Promise<string> {
  const salt = randomBytes(SALT_OCTETS);
  const tag = await hash(password, salt, TAG_OCTETS, COST);
  const { memory, passes, parallelism } = COST;
  return `{ARGON2ID}$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

/**
 * Whether the password is the verifier's; takes the same time for yes and no.
 * @throws {VaultError} when the verifier is none that `makeVerifier` could have written
 */
export async function matchesVerifier(password: Secret, verifier: string): Promise<boolean> {
  const parts = PHC.exec(verifier)?.groups;
  const { salt, tag } = parts ?? {};
  const cost = {
    memory: Number(parts?.["memory"]),
    passes: Number(parts?.["passes"]),
    parallelism: Number(parts?.["parallelism"]),
  };
  if (salt === undefined || tag === undefined || !isAffordable(cost))
    throw new VaultError(
      "a password verifier in the store is not readable; restore the database from a backup",
    );
  const wanted = Buffer.from(tag, "base64");
  return timingSafeEqual(wanted, await hash(password, Buffer.from(salt, "base64"), wanted.length, cost));
}

function isAffordable({ memory, passes, parallelism }: Cost): boolean {
  // RFC 9106 §3.1: at least 8 KiB of memory a lane.
  return (
    parallelism >= 1 &&
    memory >= 8 * parallelism &&
    memory <= MEMORY_LIMIT_KIB &&
    passes >= 1 &&
    passes <= PASSES_LIMIT
  );
}

function hash(password: Secret, salt: Buffer, tagLength: number, cost: Cost): Promise<Buffer> {
  return inFlight.run(() =>
    derive("argon2id", { message: password.reveal(), nonce: salt, tagLength, ...cost }),
  );
}

function unpadded(octets: Buffer): string {
  return octets.toString("base64").replace(/=+$/, "");
}

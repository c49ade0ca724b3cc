import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { invariant } from "../kit/invariant.ts";
import { KEY_OCTETS } from "./key-file.ts";

/** NIST SP 800-38D §8.2.2: a random nonce of 96 bits; each key made here seals one text only. */
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
const OVERHEAD = NONCE_OCTETS + TAG_OCTETS;
/** Plain texts are filled up to a multiple of this, so that a database does not tell how long passwords are. */
const PAD_OCTETS = 64;

/**
 * The envelope: a random data key seals the plain text, the master key wraps the data key; both are bound to `bound`, so that neither can be
 * moved elsewhere. Octets: wrapped key (nonce, text, tag), then the text (nonce, text, tag).
 */
export function sealEnvelope(masterKey: Buffer, bound: Buffer, plain: Buffer): Buffer {
  const dataKey = randomBytes(KEY_OCTETS);
  const padded = pad(plain);
  try {
    return Buffer.concat([encrypt(masterKey, bound, dataKey), encrypt(dataKey, bound, padded)]);
  } finally {
    dataKey.fill(0);
    padded.fill(0);
  }
}

/**
 * What `sealEnvelope` was given.
 * @throws {Error} when key, binding or octets are not those of the sealing
 */
export function openEnvelope(masterKey: Buffer, bound: Buffer, envelope: Buffer): Buffer {
  const wrapped = envelope.subarray(0, OVERHEAD + KEY_OCTETS);
  const dataKey = decrypt(masterKey, bound, wrapped);
  try {
    return unpad(decrypt(dataKey, bound, envelope.subarray(wrapped.length)));
  } finally {
    dataKey.fill(0);
  }
}

function encrypt(key: Buffer, bound: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_OCTETS);
  const cipher = createCipheriv("aes-256-gcm", createSecretKey(key), nonce).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, bound: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < OVERHEAD) throw new Error("the sealed text is cut short");
  const decipher = createDecipheriv("aes-256-gcm", createSecretKey(key), sealed.subarray(0, NONCE_OCTETS), {
    authTagLength: TAG_OCTETS,
  })
    .setAAD(bound)
    .setAuthTag(sealed.subarray(-TAG_OCTETS));
  const text = decipher.update(sealed.subarray(NONCE_OCTETS, -TAG_OCTETS));
  // GCM gives all octets with `update`; `final` only checks the tag, and throws.
  decipher.final();
  return text;
}

function pad(plain: Buffer): Buffer {
  invariant(plain.length <= 0xffff, "a password has at most 65535 octets");
  const padded = Buffer.alloc(Math.ceil((plain.length + 2) / PAD_OCTETS) * PAD_OCTETS);
  padded.writeUInt16BE(plain.length, 0);
  plain.copy(padded, 2);
  return padded;
}

function unpad(padded: Buffer): Buffer {
  const plain = Buffer.from(padded.subarray(2, 2 + padded.readUInt16BE(0)));
  padded.fill(0);
  return plain;
}

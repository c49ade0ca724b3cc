import { hkdfSync } from "node:crypto";
import { Secret } from "../kit/secret.ts";
import { KEY_OCTETS, loadKeys, type MasterKey } from "./key-file.ts";
import { openEnvelope, sealEnvelope } from "./seal.ts";
import type { SealContext } from "./seal-context.ts";
import { VaultError } from "./vault-error.ts";

/** First octet of every sealed text: this layout. */
const VERSION = 1;

/** Seals passwords so that only this installation can open them, and each only for the account and server it was sealed for. */
export interface Vault {
  /** The password as octets for the store, under the newest master key. */
  seal(secret: Secret, bind: SealContext): Buffer;
  /** @throws {VaultError} when the key is not there, the octets are damaged, or they were sealed for something else */
  unseal(sealed: Buffer, bind: SealContext): Secret;
  /** A secret of 32 octets for another purpose: the same wherever the newest master key is, and telling nothing of that key (HKDF, RFC 5869). */
  secretFor(purpose: string): Secret;
}

/**
 * Opens the vault of a key file, which is made where it is absent.
 * @throws {VaultError} when the file cannot be used, with what to do
 */
export async function openVault(keyFile: string): Promise<Vault> {
  const keys = await loadKeys(keyFile);
  return vaultOf(keys, keyFile);
}

function vaultOf(keys: readonly MasterKey[], keyFile: string): Vault {
  const newest = keys.at(-1);
  if (newest === undefined) throw new VaultError(`the key file ${keyFile} holds no key`);
  return {
    seal(secret, bind) {
      const id = Buffer.from(newest.id);
      const envelope = sealEnvelope(newest.key.reveal(), bindingOf(bind, newest.id), secret.reveal());
      return Buffer.concat([Buffer.of(VERSION, id.length), id, envelope]);
    },

    unseal(sealed, bind) {
      const idEnd = 2 + (sealed[1] ?? 0);
      if (sealed[0] !== VERSION || sealed.length < idEnd)
        throw new VaultError(`the ${bind.use} password kept for ${bind.address} is damaged; ${REMEDY}`);
      const id = sealed.toString("latin1", 2, idEnd);
      const master = keys.find((key) => key.id === id);
      if (master === undefined)
        throw new VaultError(
          `the ${bind.use} password kept for ${bind.address} needs the master key "${id}", which is not in ${keyFile}; put that key back, or ${REMEDY}`,
        );
      try {
        return new Secret(openEnvelope(master.key.reveal(), bindingOf(bind, id), sealed.subarray(idEnd)));
      } catch (error) {
        throw new VaultError(
          `the ${bind.use} password kept for ${bind.address} does not open for ${bind.login} at ${bind.host}: it was sealed for something else or is damaged; ${REMEDY}`,
          { cause: error },
        );
      }
    },

    secretFor(purpose) {
      const info = `imbarco ${newest.id} ${purpose}`;
      return new Secret(
        Buffer.from(hkdfSync("sha256", newest.key.reveal(), Buffer.alloc(0), info, KEY_OCTETS)),
      );
    },
  };
}

const REMEDY = "let the user log in again, which keeps the password anew";

/** What a sealed text is bound to; every part carries its length, so that no two contexts can look alike. */
function bindingOf({ use, address, host, login }: SealContext, keyId: string): Buffer {
  const parts = [use, address, host.toLowerCase(), login, keyId].map((part) => Buffer.from(part, "utf8"));
  return Buffer.concat([
    Buffer.of(VERSION),
    ...parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  ]);
}

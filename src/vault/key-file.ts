import { randomBytes } from "node:crypto";
import { link, mkdir, open, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDenied, ownUser } from "../kit/own-user.ts";
import { Secret } from "../kit/secret.ts";
import { VaultError } from "./vault-error.ts";

/** AES-256. */
export const KEY_OCTETS = 32;
const LINE = /^imbarco-key-v1 (?<id>[a-z0-9-]{1,32}) (?<key>[A-Za-z0-9+/]{43}=)$/;

/** A key that wraps the keys of single passwords. */
export interface MasterKey {
  /** Stands beside everything the key has wrapped. */
  readonly id: string;
  readonly key: Secret;
}

/**
 * The keys of the file, oldest first; the last one is for writing. A file that is not there is made with one new key.
 * @throws {VaultError} when others may read the file, when a line is not a key, or when it cannot be read or made
 */
export async function loadKeys(keyFile: string): Promise<MasterKey[]> {
  try {
    return await readKeys(keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explained(error, keyFile);
  }
  try {
    await createKeyFile(keyFile);
    return await readKeys(keyFile);
  } catch (error) {
    if (!isDenied(error)) throw explained(error, keyFile);
    throw new VaultError(
      `the key file ${keyFile} is not there, and the user ${ownUser()} may not make it in ${dirname(keyFile)}; run imbarco as its own user, or give that user the folder (chown)`,
      { cause: error },
    );
  }
}

async function readKeys(keyFile: string): Promise<MasterKey[]> {
  const file = await open(keyFile, "r");
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0)
      throw new VaultError(
        `others may read the key file ${keyFile} (mode ${(mode & 0o777).toString(8)}); make it private: chmod 600 ${keyFile}`,
      );
    return parseKeys(await file.readFile("utf8"), keyFile);
  } finally {
    await file.close();
  }
}

function parseKeys(content: string, keyFile: string): MasterKey[] {
  const keys: MasterKey[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const { id, key } = LINE.exec(line.trim())?.groups ?? {};
    if (id === undefined || key === undefined)
      throw new VaultError(
        `line ${index + 1} of the key file ${keyFile} is not a key; restore the file from a backup`,
      );
    if (keys.some((known) => known.id === id))
      throw new VaultError(`the key file ${keyFile} has two keys named ${id}; restore it from a backup`);
    keys.push({ id, key: new Secret(Buffer.from(key, "base64")) });
  }
  if (keys.length === 0)
    throw new VaultError(`the key file ${keyFile} holds no key; restore it from a backup`);
  return keys;
}

/** Written aside and linked into place, so that nobody ever reads half a key and of two processes one wins. */
async function createKeyFile(keyFile: string): Promise<void> {
  const folder = dirname(keyFile);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const id = `${new Date().toISOString().slice(0, 10)}-${randomBytes(3).toString("hex")}`;
  const draft = join(folder, `.${basename(keyFile)}.${id}`);
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(`imbarco-key-v1 ${id} ${randomBytes(KEY_OCTETS).toString("base64")}\n`);
    await file.sync();
    await link(draft, keyFile).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster: its key is the one.
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await unlink(draft);
  }
  await syncFolder(folder);
}

/** Without this the name of the file may be lost with the power, and with it every password sealed until then. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explained(error: unknown, keyFile: string): VaultError {
  if (error instanceof VaultError) return error;
  if (isDenied(error))
    return new VaultError(
      `the key file ${keyFile} may not be read by the user ${ownUser()}; run imbarco as the user that the file belongs to, or give the file and its folder to this one (chown)`,
      { cause: error },
    );
  const text = error instanceof Error ? error.message : String(error);
  return new VaultError(`the key file ${keyFile} cannot be read or made: ${text}`, { cause: error });
}

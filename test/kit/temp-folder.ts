import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A unix socket path has at most 107 octets on Linux; Dovecot puts its sockets some levels below the folder. */
const LONGEST_PARENT = 50;

/**
 * A new folder of its own with a short path, for `removeTempFolder` at the end. Others may pass through it (mode 0711), as
 * a server that drops its privileges must.
 */
export async function makeTempFolder(name = "t"): Promise<string> {
  const parent = tmpdir().length <= LONGEST_PARENT ? tmpdir() : "/tmp";
  const folder = await mkdtemp(join(parent, `imbarco-${name}-`));
  await chmod(folder, 0o711);
  return folder;
}

/** Removes the folder with all that is in it; a folder that has gone already is fine. */
export async function removeTempFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

import type { Stats } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** For a file that was not there: its owner may write, its group (the mail server's) may read. */
const NEW_FILE_MODE = 0o640;

/** Pieces are gathered up to this many octets, so that a million short rows are not a million writes. */
const GATHER_OCTETS = 1 << 20;

/**
 * Replaces a file by another with the content given, so that a reader sees the old one or the new one, even after a power
 * failure. The new one has owner, group and mode of the old (`before`; `null` = there is none). Only under a lock: the fresh file
 * has a fixed name, and one that a crash left behind is thrown away.
 * @param isStillWanted asked at the last moment; when it says no nothing is replaced
 * @returns whether the file was replaced
 */
export async function replaceFile(
  path: string,
  before: Stats | null,
  content: AsyncIterable<Buffer>,
  isStillWanted: () => Promise<boolean>,
): Promise<boolean> {
  const fresh = `${path}.imbarco-new`;
  await rm(fresh, { force: true });
  const handle = await open(fresh, "wx", 0o600);
  try {
    await writeAll(handle, content);
    await likeBefore(handle, before);
    await handle.sync();
    await handle.close();
    if (!(await isStillWanted())) return false;
    await rename(fresh, path);
  } finally {
    await handle.close();
    await rm(fresh, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

async function writeAll(handle: FileHandle, content: AsyncIterable<Buffer>): Promise<void> {
  let gathered: Buffer[] = [];
  let octets = 0;
  const flush = async () => {
    if (octets > 0) await handle.writeFile(Buffer.concat(gathered, octets));
    gathered = [];
    octets = 0;
  };
  for await (const piece of content) {
    gathered.push(piece);
    octets += piece.length;
    if (octets >= GATHER_OCTETS) await flush();
  }
  await flush();
}

async function likeBefore(handle: FileHandle, before: Stats | null): Promise<void> {
  if (before === null) {
    await handle.chmod(NEW_FILE_MODE);
    return;
  }
  const now = await handle.stat();
  if (now.uid !== before.uid || now.gid !== before.gid) await handle.chown(before.uid, before.gid);
  // After chown, which may clear bits.
  await handle.chmod(before.mode & 0o7777);
  // Dovecot tells a changed file by its size and its time in whole seconds: two changes within one second that leave the size
  // alike would be one to it. So the time always moves on by a second at least.
  const seconds = Math.max(Math.floor(now.mtimeMs / 1000), Math.floor(before.mtimeMs / 1000) + 1);
  await handle.utimes(seconds, seconds);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

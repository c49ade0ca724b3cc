import { sleep } from "../../kit/deadline.ts";
import { printable } from "../../kit/text.ts";
import { Failure } from "../../model/failure.ts";
import type { FolderName, LedgerIntent } from "../../model/ledger.ts";
import { folderStatus } from "../../upstream/imap/commands/status.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { leftBehind } from "../../upstream/left-behind.ts";
import {
  ORPHAN_LIMIT_MS,
  QUIET_AFTER_DEATH_MS,
  QUIET_LIMIT_MS,
  QUIET_MS,
  QUIET_READING_MS,
} from "../limits.ts";
import type { Pass } from "../pass.ts";

/**
 * Waits until nothing more can come of batches that an earlier process or pass has left: looking before they are stored would take them for lost
 * and send them twice.
 *
 * The kernel tells for a connection of this machine: while the target's side holds its end, it may still work on what it has been sent, however
 * long it stands still. Once it has let go, a short quiet time is enough. That one remains, because the process which held the connection need not be
 * the one that stores: with TLS it is Dovecot's login process, elsewhere a proxy, and either may close while the last messages go on their way
 * inside. Where the kernel cannot tell (another machine, a reboot, not Linux), only a longer quiet time is left to go by.
 * @param target the connection to look through; default the pass's first
 * @throws {Failure} `target-unreachable` when the target does not let go or the folder does not come to rest; a later turn tries again
 */
export async function afterDeath(
  pass: Pass,
  intents: readonly LedgerIntent[],
  target: ImapConnection = pass.target,
): Promise<void> {
  await comeToRest(pass, target, intents, QUIET_AFTER_DEATH_MS);
}

/** The same after a connection of this pass broke: its end is known, so the quiet time is short in any case. */
export async function afterBreak(
  pass: Pass,
  intents: readonly LedgerIntent[],
  target: ImapConnection = pass.target,
): Promise<void> {
  await comeToRest(pass, target, intents, QUIET_MS);
}

async function comeToRest(
  pass: Pass,
  target: ImapConnection,
  intents: readonly LedgerIntent[],
  unknownMs: number,
): Promise<void> {
  const quietMs = new Map<FolderName, number>();
  for (const intent of intents) {
    const needed = (await isLetGo(pass, intent)) ? QUIET_MS : unknownMs;
    quietMs.set(intent.target, Math.max(needed, quietMs.get(intent.target) ?? 0));
  }
  for (const [folder, ms] of quietMs) await waitUntilQuiet(pass, target, folder, ms);
}

/** Waits while the target's side holds the connection; false where nobody can tell. */
async function isLetGo(pass: Pass, intent: LedgerIntent): Promise<boolean> {
  const { clock } = pass.deps;
  const began = clock.now();
  let wasHeld = false;
  while (clock.now() - began < ORPHAN_LIMIT_MS) {
    pass.checkpoint();
    const state = await leftBehind(intent.via);
    // One that vanishes without having been closed was perhaps only forgotten: the kernel keeps it for tcp_fin_timeout, 60 s.
    if (state !== "closing") return state === "closed" || (state === "none" && !wasHeld);
    if (!wasHeld)
      pass.deps.log.info(
        {
          event: "copy.wait",
          ...pass.logFields,
          folder: printable(intent.source),
          connection: intent.via?.local,
        },
        "the target still holds a broken connection: the copy waits until it lets go",
      );
    wasHeld = true;
    await sleep(QUIET_READING_MS, pass.lost);
  }
  throw new Failure(
    "target-unreachable",
    `the target still holds a broken connection of ${pass.account.address} (${intent.via?.local} to ${intent.via?.remote}) after ${ORPHAN_LIMIT_MS / 1000} s and may yet store what came over it: the copy goes on when it lets go. If it does not, look for a process of the target that stands still`,
  );
}

/**
 * Waits until nothing has been stored in the target folder for a while.
 * @throws {Failure} `target-unreachable` when the folder does not come to rest
 */
async function waitUntilQuiet(
  pass: Pass,
  target: ImapConnection,
  folder: FolderName,
  quietMs: number,
): Promise<void> {
  const { clock } = pass.deps;
  const began = clock.now();
  let last = "";
  let since = began;
  while (clock.now() - began < QUIET_LIMIT_MS) {
    pass.checkpoint();
    const reading = await readingOf(target, folder);
    if (reading === null) return;
    if (reading !== last) since = clock.now();
    last = reading;
    if (clock.now() - since >= quietMs) return;
    await sleep(QUIET_READING_MS, pass.lost);
  }
  throw new Failure(
    "target-unreachable",
    `the folder "${printable(folder)}" of ${pass.account.address} on the target kept changing for ${QUIET_LIMIT_MS / 1000} s, so what a broken connection left there cannot be told yet`,
  );
}

/** The two numbers that change with every message stored; `null` when the folder is not there. */
async function readingOf(target: ImapConnection, folder: FolderName): Promise<string | null> {
  try {
    const status = await folderStatus(target, folder);
    return `${status.uidNext} ${status.messages}`;
  } catch (error) {
    if (error instanceof CommandRefusedError) return null;
    throw error;
  }
}

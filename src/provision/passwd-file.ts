import { createReadStream, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { Log } from "../log/log.ts";
import type { Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { withFileLock } from "./file-lock.ts";
import { gathered } from "./gathered.ts";
import { changedRow, letsAnybodyIn, misfitOf, newRow, octets, type Row } from "./passwd-row.ts";
import type { Provisioner, ProvisionRequest } from "./provision.ts";
import { replaceFile } from "./replace-file.ts";
import { findEdits, withEdits } from "./row-edits.ts";

/** Accounts a rewrite: bounds what an import of a million holds in memory, and how long others wait for the lock. */
const ACCOUNTS_A_WRITE = 100_000;

const READ_OCTETS = 1 << 20;

/** How often to begin again when somebody changes the file without our lock (an editor) while we do. */
const TRIES = 4;

/** What to make of each account, by the octets of its name; `null` takes it off the list. */
type Wishes = Map<Row, ProvisionRequest | null>;

/** Accounts for which nothing was written, and why. */
type Refusals = Map<Row, Failure>;

/**
 * Accounts as rows of a passwd-file of Dovecot: one row an account, `address:{SCHEME}hash::::::`. Rows, fields and comments of others
 * stay as they are, in their order. Each change replaces the file as a whole (`replace-file.ts`) under the lock `FILE.lock`; a
 * change that changes nothing writes nothing. Calls that come while a change is being written share the next one.
 */
export function passwdFileProvisioner(path: string, log: Log): Provisioner {
  const submit = gathered<[Row, ProvisionRequest | null], Refusals>((wishes) =>
    change(path, log, wishMap(wishes)),
  );
  const one = async (address: Address, wish: ProvisionRequest | null) => {
    refuseMisfit(path, address);
    const refused = (await submit([octets(address), wish])).get(octets(address));
    if (refused) throw refused;
  };
  return {
    ensure: (request) => one(request.address, request),
    ensureMany: (requests) => ensureMany(path, log, requests),
    exists: async (address) => (await findRows(path, octets(address))) > 0,
    remove: (address) => one(address, null),
    describe: `passwd-file ${path}`,
  };
}

async function ensureMany(
  path: string,
  log: Log,
  requests: AsyncIterable<ProvisionRequest> | Iterable<ProvisionRequest>,
): Promise<void> {
  const refusals: Refusals = new Map();
  let wishes: [Row, ProvisionRequest][] = [];
  const write = async () => {
    for (const [user, failure] of await change(path, log, wishMap(wishes))) refusals.set(user, failure);
    wishes = [];
  };
  for await (const request of requests) {
    const misfit = misfitFailure(path, request.address);
    if (misfit) refusals.set(request.address, misfit);
    else wishes.push([octets(request.address), request]);
    if (wishes.length >= ACCOUNTS_A_WRITE) await write();
  }
  if (wishes.length > 0) await write();
  const [first] = refusals.values();
  if (first && refusals.size === 1) throw first;
  if (first)
    throw new Failure(
      "provision-failed",
      `${refusals.size} accounts could not be provisioned; the first: ${first.message}`,
    );
}

/** One wish an account: the last one, but "locked where there is no password yet" never undoes a password. */
function wishMap(wishes: readonly (readonly [Row, ProvisionRequest | null])[]): Wishes {
  const map: Wishes = new Map();
  for (const [user, wish] of wishes)
    if (wish === null || wish.verifier !== null || !map.get(user)) map.set(user, wish);
  return map;
}

/** Makes the file fit the wishes. @throws {Failure} `provision-failed` when it cannot be written */
async function change(path: string, log: Log, wishes: Wishes): Promise<Refusals> {
  try {
    const file = await targetOf(path);
    return await withFileLock(`${file}.lock`, async () => {
      for (let tries = TRIES; tries > 0; tries -= 1) {
        const refusals: Refusals = new Map();
        if (await tryChange(file, log, wishes, refusals)) return refusals;
      }
      throw new Error("somebody else kept changing it meanwhile without the lock");
    });
  } catch (error) {
    throw cannotChange(path, error);
  }
}

/** @returns false when somebody changed the file meanwhile and nothing was written */
async function tryChange(file: string, log: Log, wishes: Wishes, refusals: Refusals): Promise<boolean> {
  const before = await statOf(file);
  const missing = new Map(wishes);
  const decide = (user: Row, row: Row): Row | null => {
    const wish = wishes.get(user);
    missing.delete(user);
    if (!wish) return null;
    if (wish.verifier !== null && letsAnybodyIn(row)) {
      refusals.set(user, openRow(file, wish.address));
      return row;
    }
    const changed = changedRow(row, wish);
    if (wish.verifier === null && changed !== row)
      log.warn(
        { event: "configuration.warning", account: wish.address },
        `the row of ${wish.address} in ${file} had an empty password, with which anybody could log in: it is locked now`,
      );
    return changed;
  };
  const { edits, endsOpen } = await findEdits(chunksOf(file, before), wishes, decide);
  const added = [...missing.values()].filter((wish) => wish !== null);
  if (edits.length === 0 && added.length === 0) return true;
  return replaceFile(file, before, content(), async () => isSame(before, await statOf(file)));

  async function* content(): AsyncGenerator<Buffer> {
    yield* withEdits(chunksOf(file, before), edits);
    if (added.length > 0 && endsOpen) yield Buffer.from("\n");
    for (const request of added) yield Buffer.from(`${newRow(request)}\n`, "latin1");
  }
}

async function findRows(path: string, wanted: Row): Promise<number> {
  let rows = 0;
  const count = (_user: Row, row: Row) => {
    rows += 1;
    return row;
  };
  try {
    await findEdits(chunksOf(path, await statOf(path)), new Set([wanted]), count);
    return rows;
  } catch (error) {
    throw new Failure("provision-failed", `${path} cannot be read: ${whyNot(error)}`, { cause: error });
  }
}

async function* chunksOf(file: string, before: Stats | null): AsyncGenerator<Buffer> {
  if (before !== null) yield* createReadStream(file, { highWaterMark: READ_OCTETS }) as AsyncIterable<Buffer>;
}

/** The file itself where the path is a symbolic link: replacing the link would leave the file behind it as it was. */
async function targetOf(path: string): Promise<string> {
  return (await statOf(path)) === null ? path : realpath(path);
}

async function statOf(file: string): Promise<Stats | null> {
  try {
    return await stat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function isSame(a: Stats | null, b: Stats | null): boolean {
  return a?.ino === b?.ino && a?.size === b?.size && a?.mtimeMs === b?.mtimeMs;
}

function refuseMisfit(path: string, address: Address): void {
  const misfit = misfitFailure(path, address);
  if (misfit) throw misfit;
}

function misfitFailure(path: string, address: Address): Failure | null {
  const misfit = misfitOf(address);
  return misfit === null
    ? null
    : new Failure(
        "provision-failed",
        `${address} cannot be an account in the passwd-file ${path}: ${misfit}`,
      );
}

function openRow(file: string, address: Address): Failure {
  return new Failure(
    "provision-failed",
    `the row of ${address} in ${file} has the field "nopassword", which lets anybody in: take it out`,
  );
}

function cannotChange(path: string, error: unknown): Failure {
  return new Failure("provision-failed", `the passwd-file ${path} was left as it is: ${whyNot(error)}`, {
    cause: error,
  });
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const user = `user id ${process.getuid?.() ?? "unknown"}`;
  switch (code) {
    case "ENOENT":
      return "its folder does not exist: make it, or correct target.provision.path";
    case "EACCES":
    case "EROFS":
      return `imbarco runs as ${user} and needs to read it and to write in its folder (${message})`;
    case "EPERM":
      return `imbarco runs as ${user} and cannot keep the file's owner and group: give the file to that user, and to a group of its own`;
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return `there is no room for another version of it on its disk: make some, and the next login tries again (${message})`;
    default:
      return message;
  }
}

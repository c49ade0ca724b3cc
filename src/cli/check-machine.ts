import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import { fileFault } from "../config/files.ts";
import { openDatabase } from "../store/sqlite/database.ts";
import { instanceOf } from "../vault/instance.ts";
import { openVault } from "../vault/vault.ts";
import type { Report } from "./finding.ts";

/**
 * The master key: there and private, or a place where it can be made. It is not made here. Gives the name of this installation, where it has a key to
 * have one by.
 */
export async function checkKeyFile(config: Config, report: Report): Promise<string | undefined> {
  const found = await whatIsAt(config.keyFile, report);
  if (found === "nothing") await reportPlace(config.keyFile, report);
  if (found !== "there") return undefined;
  try {
    const instance = instanceOf(await openVault(config.keyFile));
    report.ok(config.keyFile, "can be used");
    return instance;
  } catch (error) {
    report.fail(config.keyFile, (error as Error).message);
    return undefined;
  }
}

/** Whether the store can be used: opened without writing where it exists, a place for it otherwise. */
export async function checkStore(config: Config, report: Report): Promise<boolean> {
  const { path } = config.store;
  const found = await whatIsAt(path, report);
  if (found === "nothing") await reportPlace(path, report);
  if (found !== "there") return false;
  try {
    openDatabase(path, { readOnly: true }).close();
    await access(path, constants.W_OK);
    report.ok(path, "can be used");
    return true;
  } catch (error) {
    report.fail(path, (error as Error).message);
    return false;
  }
}

/** The file that the provisioner writes: it is replaced, so its folder has to be there and writable. */
export async function checkProvision(config: Config, report: Report): Promise<void> {
  const { provision } = config.target;
  switch (provision.kind) {
    case "none":
      return report.ok("none", "the target must know every account and its password already");
    case "passwd-file":
      return await checkPasswdFile(provision.path, report);
  }
}

async function checkPasswdFile(path: string, report: Report): Promise<void> {
  const found = await whatIsAt(path, report);
  if (found === "fault") return;
  const folder = dirname(path);
  if (found === "nothing" && (await whatIsAt(folder, report)) === "nothing")
    report.fail(path, `the folder ${folder} is not there: make it, or correct target.provision.path`);
  else if (!(await isWritable(folder))) report.fail(path, folderFault(folder));
  else if (found === "nothing") report.ok(path, "is not there yet and will be made");
  else if ((await stat(path)).isDirectory()) report.fail(path, `${path} is a folder, not a file`);
  else
    await access(path, constants.R_OK).then(
      () => report.ok(path, "can be replaced"),
      (error: NodeJS.ErrnoException) => report.fail(path, fileFault(path, error)),
    );
}

/** A file that is not there yet: the nearest folder above it must let it be made. */
async function reportPlace(file: string, report: Report): Promise<void> {
  let folder = dirname(file);
  while (folder !== dirname(folder) && (await whatIsAt(folder, report)) === "nothing")
    folder = dirname(folder);
  if (await isWritable(folder)) report.ok(file, "is not there yet and will be made");
  else report.fail(file, `is not there, and ${folderFault(folder)}`);
}

function folderFault(folder: string): string {
  return `the folder ${folder} may not be written by this user: change its owner, or name another place`;
}

async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What is at the path; where even that cannot be found out, as in a folder of somebody else, it is reported. */
async function whatIsAt(path: string, report: Report): Promise<"there" | "nothing" | "fault"> {
  try {
    await stat(path);
    return "there";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "nothing";
    report.fail(path, fileFault(path, error as NodeJS.ErrnoException));
    return "fault";
  }
}

// The mail servers that the live tests copy from beside Dovecot. As Debian packages they conflict with it, so they are not installed:
// their files are unpacked below node_modules/.cache, where test/kit/other-sources.ts starts them from.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = {
  // `dma` stands for the mail transport agent that each of them asks for, since it is the smallest.
  cyrus: ["cyrus-imapd", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db", "dma"],
  courier: ["courier-imap", "courier-authlib-userdb", "dma"],
};

/** Also in test/kit/other-sources.ts. */
const unpackedBelow = join(
  dirname(dirname(fileURLToPath(import.meta.url))),
  "node_modules/.cache/other-sources",
);

/** A download of 10 MB, on a slow line. */
const DOWNLOAD_LIMIT_MS = 90_000;
const UPDATE_LIMIT_MS = 60_000;

/**
 * Unpacks Cyrus and Courier where that was not done yet. Nothing is installed or started.
 * @returns what went wrong; `null` = both are there
 */
export function unpackOtherSources(say) {
  for (const [name, packages] of Object.entries(SOURCES)) {
    if (existsSync(join(unpackedBelow, name))) continue;
    say(
      `unpacking ${name} from the Debian packages ${packages.join(" ")}: a server to copy from in the tests`,
    );
    const trouble = unpack(name, packages);
    // What keeps one from coming keeps the other as well, and may take minutes each.
    if (trouble !== null) return `${name} could not be unpacked, so its tests will fail: ${trouble.trim()}`;
  }
  return null;
}

/** All in a folder of its own, renamed at the end: a half is never taken for a whole, and two runs do not meet. */
function unpack(name, packages) {
  mkdirSync(unpackedBelow, { recursive: true });
  const work = mkdtempSync(join(unpackedBelow, `.${name}-`));
  try {
    const archives = join(work, "archives");
    const root = join(work, "root");
    for (const folder of [join(archives, "partial"), join(root, "usr/lib"), join(root, "etc")])
      mkdirSync(folder, { recursive: true });
    const trouble = download(archives, packages);
    if (trouble !== null) return trouble;
    for (const file of readdirSync(archives)) {
      if (!file.endsWith(".deb")) continue;
      const unpacked = run(["dpkg-deb", "--extract", join(archives, file), root], DOWNLOAD_LIMIT_MS);
      if (unpacked !== null) return unpacked;
    }
    // Debian's /lib is /usr/lib, whatever an older package says.
    if (existsSync(join(root, "lib")))
      cpSync(join(root, "lib"), join(root, "usr/lib"), { recursive: true, verbatimSymlinks: true });
    renameSync(root, join(unpackedBelow, name));
    return null;
  } catch (error) {
    // Another run was faster, and the folder is there.
    if (error.code === "ENOTEMPTY" || error.code === "EEXIST") return null;
    return error.message;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The packages and those of their dependencies that are not installed. The package lists are renewed only where they are too old. */
function download(archives, packages) {
  const fetch = [
    "apt-get",
    "-qq",
    "-y",
    "-o",
    "Debug::NoLocking=1",
    "-o",
    `Dir::Cache::archives=${archives}`,
  ];
  const command = [...fetch, "install", "--download-only", "--no-install-recommends", ...packages];
  if (run(command, DOWNLOAD_LIMIT_MS) === null) return null;
  const sudo = process.getuid() === 0 ? [] : ["sudo", "-n"];
  const update = run([...sudo, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=60", "update"], UPDATE_LIMIT_MS);
  return update ?? run(command, DOWNLOAD_LIMIT_MS);
}

/** `null` = it ended well, else what it said last. */
function run([command, ...words], limitMs) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const { status, error, stderr } = spawnSync(command, words, {
    timeout: limitMs,
    killSignal: "SIGKILL",
    encoding: "utf8",
    env,
  });
  if (status === 0) return null;
  if (error?.code === "ETIMEDOUT") return `${command} took longer than ${limitMs / 1000} s`;
  return (
    error?.message ??
    `${command} ended with status ${status}: ${stderr.trim().split("\n").slice(-3).join(" ")}`
  );
}

// Runs the demo or the tests on a machine where only Node (20 or newer), npm and Debian's package manager are there: installs
// what is missing first and says so. Plain JavaScript without dependencies, since nothing is installed when it starts.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackOtherSources } from "./other-sources.mjs";

const top = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...names) => join(top, ...names);

const FOLDERS_OF_DOVECOT = ["/usr/lib/dovecot", "/usr/libexec/dovecot", "/usr/local/libexec/dovecot"];

/** Programs that are not npm packages: the Debian package of each, and what it is for. */
const DOVECOT = { program: "dovecot", debian: "dovecot-imapd", use: "the real mail servers" };
/** Its further services, which Debian packs one by one: `dovecot/` and the name of the program. */
const DOVECOT_SERVICES = [
  { program: "dovecot/pop3", debian: "dovecot-pop3d", use: "the target's POP3 server" },
  { program: "dovecot/submission", debian: "dovecot-submissiond", use: "the target's submission server" },
  { program: "dovecot/managesieve", debian: "dovecot-managesieved", use: "the target's ManageSieve server" },
];
const OPENSSL = { program: "openssl", debian: "openssl", use: "their certificates" };
/** Without one of these its own tests fail, and no others: not every Debian has them all. */
const MAIL_PROGRAMS = [
  { program: "mbsync", debian: "isync", use: "a mail program to test with" },
  { program: "mutt", debian: "mutt", use: "a mail program to test with" },
  { program: "curl", debian: "curl", use: "a mail program to test with" },
  { program: "python3", debian: "python3", use: "its imaplib, poplib and smtplib, to test with" },
  { program: "offlineimap", debian: "offlineimap3", use: "a mail program to test with" },
  // Its service runs only where somebody sets START_DAEMON=yes and writes an /etc/fetchmailrc.
  { program: "fetchmail", debian: "fetchmail", use: "a mail program to test with" },
  { program: "getmail", debian: "getmail6", use: "a mail program to test with" },
  { program: "swaks", debian: "swaks", use: "a mail program to test with" },
];

const RUNS = {
  demo: { needs: [DOVECOT, OPENSSL], script: [at("demo", "demo.ts")] },
  test: {
    needs: [DOVECOT, ...DOVECOT_SERVICES, OPENSSL, ...MAIL_PROGRAMS],
    otherSources: true,
    script: [at("node_modules", "vitest", "vitest.mjs"), "run"],
  },
};

/**
 * Debian starts a service as soon as it is installed, unless policy-rc.d says no: one that does so for as long as this takes. Where
 * this script brought Dovecot, systemd is told not to start it at the next boot either.
 */
const APT_SCRIPT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
had_dovecot=no
if [ -e /usr/sbin/dovecot ]; then had_dovecot=yes; fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o DPkg::Lock::Timeout=300 update
for package do
  shift
  if apt-cache show "$package" > /dev/null 2>&1; then set -- "$@" "$package"; else echo "apt-get knows no $package" >&2; fi
done
if [ $# -eq 0 ]; then exit 0; fi
apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
if [ "$had_dovecot" = no ] && [ -e /usr/sbin/dovecot ] && [ -d /run/systemd/system ]; then
  systemctl disable --quiet dovecot.service dovecot.socket || true
fi
`;

const [what, ...args] = process.argv.slice(2);
const run = RUNS[what];
if (run === undefined) fail("usage: node tools/bootstrap.mjs demo [--once] | test [arguments of vitest]");
installNpmPackages();
installPrograms(run.needs);
// What is missing after this fails in its own tests only: everything else can still be tested.
const missingSource = run.otherSources ? unpackOtherSources(say) : null;
if (missingSource !== null) say(missingSource);
handOver([...run.script, ...args]);

/** `npm ci` where node_modules does not hold what package-lock.json says, Node 24 among it. */
function installNpmPackages() {
  const reason = whyNotInstalled();
  if (reason === null) return;
  say(`installing the npm packages of package-lock.json, Node 24 among them (${reason})`);
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  // A production setting of this machine must not leave out what tests and demo need.
  const options = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  if (!succeeds([...command, ...options]))
    fail("npm could not install the packages; its own message is above. Is the npm registry reachable?");
  const stillWrong = whyNotInstalled();
  if (stillWrong !== null) fail(`npm ended well, and yet: ${stillWrong}`);
}

/** Compares npm's note of what it has installed with the lock file; `null` = all there. */
function whyNotInstalled() {
  const note = at("node_modules", ".package-lock.json");
  if (!existsSync(note)) return "there are none yet";
  const installed = JSON.parse(readFileSync(note, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    // Optional packages are those of other systems and processors.
    if (path !== "" && !optional && installed[path]?.version !== version)
      return `${path} is not at ${version}`;
  }
  const node = at("node_modules", ".bin", "node");
  return spawnSync(node, ["--version"]).status === 0 ? null : "Node 24 is missing there";
}

/** Installs the Debian packages of the programs that are not on this machine. No service is started or left enabled. */
function installPrograms(needs) {
  const missing = needs.filter(({ program }) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map(({ debian }) => debian);
  for (const { program, debian, use } of missing)
    say(`${program} is missing: ${use} (Debian package ${debian})`);
  if (!onPath("apt-get"))
    fail(
      `this is no Debian: please install ${missing.map(({ program }) => program).join(", ")} by its own means`,
    );
  const isRoot = process.getuid() === 0;
  if (!isRoot && !onPath("sudo"))
    fail(`please run this as root first: apt-get install ${packages.join(" ")}`);
  say(
    `installing with apt-get${isRoot ? "" : " through sudo"}: ${packages.join(" ")}; no service is started`,
  );
  const sudo = isRoot ? [] : process.stdin.isTTY ? ["sudo"] : ["sudo", "-n"];
  if (!succeeds([...sudo, "sh", "-euc", APT_SCRIPT, "sh", ...packages]))
    fail(`the packages could not be installed; please try yourself: apt-get install ${packages.join(" ")}`);
  for (const still of needs.filter(({ program }) => !isInstalled(program))) {
    const found = `apt-get ended well, and yet ${still.program} cannot be found`;
    if (!MAIL_PROGRAMS.includes(still)) fail(found);
    say(`${found}: its tests will fail`);
  }
}

function isInstalled(program) {
  // Debian splits Dovecot: the daemon alone speaks no IMAP.
  if (program === "dovecot") return isInstalled("dovecot/imap");
  if (program.startsWith("dovecot/")) {
    const name = program.slice("dovecot/".length);
    return onPath("dovecot") && FOLDERS_OF_DOVECOT.some((folder) => existsSync(join(folder, name)));
  }
  return onPath(program);
}

function onPath(program) {
  // Dovecot lives in sbin, which a person's PATH often leaves out.
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.some((folder) => folder !== "" && isExecutable(join(folder, program)));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs the program itself under Node 24 and ends as it ends. */
function handOver(words) {
  const child = spawn(at("node_modules", ".bin", "node"), words, { cwd: top, stdio: "inherit" });
  child.on("error", (error) => fail(`Node 24 could not be started: ${error.message}`));
  child.on("exit", (status, signal) => process.exit(signal === null ? status : 1));
  // The terminal sends Ctrl-C to both of us: the child decides when to end, this one only must not end before it.
  process.on("SIGINT", () => child.exitCode);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
}

function succeeds([command, ...words]) {
  return spawnSync(command, words, { cwd: top, stdio: "inherit" }).status === 0;
}

function say(text) {
  console.error(`[bootstrap] ${text}`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

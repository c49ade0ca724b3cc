import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** How long a mail program may take for a few letters, on a busy machine. */
const PROGRAM_LIMIT_MS = 60_000;

/** The ways into imbarco that each program is tried on. */
export const TLS_MODES = ["starttls", "implicit"] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** What a mail program has to be told of an account. */
export interface MailAccount {
  readonly address: string;
  readonly password: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** The authority of imbarco's certificate, which every program is to verify. */
  readonly caFile: string;
  /** The program's own files: outside of imbarco's folder, which is searched for passwords. */
  readonly folder: string;
}

export interface ProgramOptions {
  /** Its input, where a password may stand: on a command line everybody could read it. */
  readonly stdin?: string;
  /** Its home, so that it neither reads nor writes the tester's own settings. */
  readonly home?: string;
}

/**
 * Runs a program to its end and gives what it printed.
 * @throws when it is not installed, ends with another status than 0, or takes longer than a minute
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const env = options.home
    ? { ...process.env, HOME: options.home, XDG_CONFIG_HOME: options.home }
    : process.env;
  const child = spawn(program, args, {
    env,
    stdio: "pipe",
    timeout: PROGRAM_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  child.stdin.on("error", () => child.stdin.destroy()); // a program that does not read its input
  child.stdin.end(options.stdin ?? "");
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    endOf(child, program),
  ]);
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** Its status, or the signal that ended it. */
async function endOf(child: ChildProcess, program: string): Promise<number | string | null> {
  try {
    const [status, signal] = (await once(child, "close")) as [number | null, string | null];
    return status ?? signal;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      `${program} is not installed: \`npm test\` does that, or see MAIL_PROGRAMS in tools/bootstrap.mjs`,
      { cause: error },
    );
  }
}

/** Writes a file that only its owner reads, and gives its path. */
export async function settings(folder: string, name: string, lines: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return file;
}

/** All messages of a maildir, each as text; read or not, they are in `cur` or in `new`. */
export async function maildirMessages(maildir: string): Promise<string[]> {
  const files = await Promise.all(
    ["new", "cur"].map(async (part) =>
      (await readdir(join(maildir, part))).map((name) => join(maildir, part, name)),
    ),
  );
  return Promise.all(files.flat().map((file) => readFile(file, "utf8")));
}

/** Runs a Python script, which finds `tls`, `port`, `user`, `password` and an ssl `context` that verifies; gives what it printed. */
export async function python(account: MailAccount, script: string): Promise<string> {
  const beginning = [
    "import ssl, sys",
    "tls, port, user = sys.argv[1], int(sys.argv[2]), sys.argv[3]",
    "context = ssl.create_default_context(cafile=sys.argv[4])",
    "password = sys.stdin.read()",
  ].join("\n");
  const args = [
    "-c",
    `${beginning}\n${script}`,
    account.tls,
    String(account.port),
    account.address,
    account.caFile,
  ];
  return runProgram("python3", args, { stdin: account.password });
}

/** curl at a URL of this account; `path` follows the port. */
export async function curl(
  account: MailAccount,
  protocol: "imap" | "pop3" | "smtp",
  path: string,
  ...more: string[]
): Promise<string> {
  const config = await settings(account.folder, "curl.conf", [
    `user = "${account.address}:${account.password}"`,
    `cacert = "${account.caFile}"`,
  ]);
  const url = `${protocol}${account.tls === "implicit" ? "s" : ""}://localhost:${account.port}/${path}`;
  return runProgram("curl", ["-q", "-sS", "-4", "--ssl-reqd", "-K", config, ...more, url]);
}

/** Fetches INBOX with fetchmail, leaves it on the server, and gives all that was delivered. */
export async function fetchmail(account: MailAccount, protocol: "imap" | "pop3"): Promise<string> {
  const { folder, tls } = account;
  const delivered = join(folder, `fetchmail-${protocol}-${tls}`);
  const config = await settings(folder, `fetchmailrc-${protocol}-${tls}`, [
    `set pidfile "${delivered}.pid"`,
    `set idfile "${delivered}.ids"`,
    `poll localhost protocol ${protocol} port ${account.port} auth password`,
    `  user "${account.address}" password "${account.password}"`,
    // Without `ssl`, a version of TLS is what makes STARTTLS a must.
    `  ${tls === "implicit" ? "ssl" : ""} sslproto "TLS1.2+" sslcertck sslcertfile "${account.caFile}"`,
    `  keep fetchall mda "cat >> ${delivered}"`,
  ]);
  await runProgram("fetchmail", ["--fetchmailrc", config, "--nosyslog", "--nodetach"], { home: folder });
  return readFile(delivered, "utf8");
}

/** Fetches INBOX with getmail, which knows TLS from the first byte only, leaves it on the server, and gives all that was delivered. */
export async function getmail(account: MailAccount, protocol: "imap" | "pop3"): Promise<string> {
  const home = join(account.folder, `getmail-${protocol}`);
  const delivered = join(home, "delivered");
  await mkdir(home);
  await settings(home, "getmailrc", [
    "[retriever]",
    `type = Simple${protocol.toUpperCase()}SSLRetriever`,
    "server = localhost",
    `port = ${account.port}`,
    `username = ${account.address}`,
    `password = ${account.password}`,
    `ca_certs = ${account.caFile}`,
    // Into a file or maildir of root's own it delivers nothing.
    "[destination]",
    "type = MDA_external",
    "path = /bin/sh",
    `arguments = ("-c", "cat >> ${delivered}")`,
    "allow_root_commands = true",
    "[options]",
    "read_all = true",
    "delete = false",
  ]);
  await runProgram("getmail", ["--getmaildir", home], { home });
  return readFile(delivered, "utf8");
}

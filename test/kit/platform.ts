import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CANARY } from "./canary.ts";
import { type Dovecot, type DovecotOptions, startDovecot } from "./dovecot.ts";
import { expectOk, ImapClient } from "./imap-client.ts";
import { type ImbarcoOptions, type ImbarcoProcess, startImbarco } from "./imbarco.ts";
import { readMailbox, type StoredMailbox } from "./mailbox.ts";
import { waitFor } from "./wait-for.ts";

export const DOMAIN = "example.test";

const MASTER = { user: "imbarco", password: `master-${CANARY}` };

/** What `startPlatform` may be told beside the users. */
export interface PlatformOptions {
  /** Local part → password at the old server. */
  readonly users: Readonly<Record<string, string>>;
  /** Accounts to import; default: all users. Local parts. */
  readonly accounts?: readonly string[];
  /** How imbarco logs in at the target; default as the user. */
  readonly as?: "user" | "authzid" | "separator";
  /** Protection of imbarco's connection to the target; default STARTTLS. */
  readonly targetTls?: "starttls" | "implicit" | "none";
  readonly source?: DovecotOptions;
  readonly target?: DovecotOptions;
  /** What imbarco speaks beside IMAP, and the target's server of it. */
  readonly doors?: (target: Dovecot) => NonNullable<ImbarcoOptions["doors"]>;
  /** Top-level keys of imbarco's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Ports that imbarco connects to instead of the servers' own: those of something between. */
  readonly via?: { readonly source?: number; readonly target?: number };
  /** Told before imbarco starts: the ports of the servers in clear and STARTTLS. */
  readonly onPorts?: (ports: { readonly source: number; readonly target: number }) => void;
  /** Whether the domain is enabled; default true. */
  readonly enabled?: boolean;
}

/** An old server, a new server and imbarco between them, with one domain. */
export interface Platform {
  readonly source: Dovecot;
  readonly target: Dovecot;
  readonly imbarco: ImbarcoProcess;
  /** A mail program's connection to imbarco, before login. */
  client(tls?: "starttls" | "implicit"): Promise<ImapClient>;
  /** A mail program logged in through imbarco. */
  logIn(user: string): Promise<ImapClient>;
  /** Waits until the account's copy is complete and no pass is half done. */
  synced(user: string): Promise<void>;
  /** Both sides as the servers themselves show them. */
  bothSides(user: string): Promise<{ source: StoredMailbox; target: StoredMailbox }>;
  /** One account as `users show --json` gives it. */
  account(user: string): Promise<AccountShown>;
  stop(): Promise<void>;
}

/** The part of an account that tests look at. */
export interface AccountShown {
  readonly state: string;
  readonly reason: string | null;
  readonly message: string | null;
  readonly failedLogins: number;
  readonly messagesCopied: number | null;
  readonly lastPassAt: string | null;
}

/** Starts all three; a fault at any step ends what was started. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    const ends = await Promise.allSettled(started.toReversed().map((part) => part.stop()));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason as Error;
  };
  try {
    const users = Object.fromEntries(
      Object.entries(options.users).map(([local, password]) => [`${local}@${DOMAIN}`, password]),
    );
    const source = await startDovecot({ users, ...options.source });
    started.push(source);
    const target = await startDovecot({ masterUser: MASTER, ...options.target });
    started.push(target);
    options.onPorts?.({ source: source.imapPort, target: target.imapPort });
    const form = options.as ?? "user";
    const imbarco = await startImbarco({
      target: reachedAt(target, options.via?.target),
      ...(form === "user" ? {} : { master: { ...MASTER, form } }),
      ...(options.targetTls ? { targetTls: options.targetTls } : {}),
      ...(options.config ? { config: options.config } : {}),
      ...(options.doors ? { doors: options.doors(target) } : {}),
    });
    started.push(imbarco);
    await openDomain(imbarco, source, options);
    return platformOf(source, target, imbarco, options, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server as imbarco is to see it. */
function reachedAt(server: Dovecot, port: number | undefined): Dovecot {
  return port === undefined ? server : { ...server, endpoint: (tls) => ({ ...server.endpoint(tls), port }) };
}

async function openDomain(imbarco: ImbarcoProcess, source: Dovecot, options: PlatformOptions): Promise<void> {
  const place = `127.0.0.1:${options.via?.source ?? source.imapPort}`;
  await must(imbarco, ["domain", "add", DOMAIN, "--source", place, "--source-ca", source.caFile]);
  const file = join(imbarco.folder, "accounts.csv");
  const accounts = options.accounts ?? Object.keys(options.users);
  await writeFile(file, accounts.map((local) => `${local}@${DOMAIN}\n`).join(""));
  await must(imbarco, ["users", "import", DOMAIN, file]);
  if (options.enabled ?? true) await must(imbarco, ["domain", "enable", DOMAIN]);
}

/** Runs a command that must succeed. */
export async function must(
  imbarco: ImbarcoProcess,
  args: readonly string[],
  stdin?: string,
): Promise<string> {
  const { status, stdout, stderr } = await imbarco.cli(args, stdin);
  if (status !== 0) throw new Error(`imbarco ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function platformOf(
  source: Dovecot,
  target: Dovecot,
  imbarco: ImbarcoProcess,
  options: PlatformOptions,
  stop: () => Promise<void>,
): Platform {
  const client = (tls?: "starttls" | "implicit") => ImapClient.connect(imbarco.place(tls));
  const passwordOf = (user: string) => options.users[user] ?? "";
  const account = (user: string) => imbarco.json<AccountShown>(["users", "show", `${user}@${DOMAIN}`]);
  const place = (server: Dovecot) => ({ ...server.endpoint(), tls: "starttls" as const });
  return {
    source,
    target,
    imbarco,
    client,
    account,
    stop,
    logIn: async (user) => {
      const connected = await client();
      expectOk(await connected.logIn(`${user}@${DOMAIN}`, passwordOf(user)), `login of ${user}`);
      return connected;
    },
    synced: async (user) => {
      await waitFor(async () => (await account(user)).state === "synced", `${user} to be synced`, {
        limitMs: 150_000,
        everyMs: 200,
      });
    },
    bothSides: async (user) => ({
      source: await readMailbox(place(source), `${user}@${DOMAIN}`, passwordOf(user)),
      target: await readMailbox(place(target), `${user}@${DOMAIN}*${MASTER.user}`, MASTER.password),
    }),
  };
}

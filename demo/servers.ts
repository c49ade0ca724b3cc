import { type Dovecot, startDovecot } from "../test/kit/dovecot.ts";
import { type ImbarcoProcess, startImbarco } from "../test/kit/imbarco.ts";
import type { DemoAccount } from "./mailboxes.ts";

/** The three servers of the demo, started so far. */
export interface Servers {
  old?: Dovecot;
  target?: Dovecot;
  imbarco?: ImbarcoProcess;
}

/** The old server: folders as its users named them, and passwords that only it knows. */
export function startOldServer(accounts: readonly DemoAccount[]): Promise<Dovecot> {
  return startDovecot({
    users: Object.fromEntries(accounts.map(({ address, password }) => [address, password])),
    specialUse: {
      "Posta inviata": "\\Sent",
      Sent: "\\Sent",
      Bozze: "\\Drafts",
      Drafts: "\\Drafts",
      Cestino: "\\Trash",
      Trash: "\\Trash",
    },
  });
}

const MASTER = { user: "imbarco", password: "only between imbarco and the new server" };

/** The new server: another mail format, another separator, its own names for the usual folders, no accounts yet. */
export function startNewServer(): Promise<Dovecot> {
  return startDovecot({
    mail: "mdbox",
    specialUse: { Sent: "\\Sent", Drafts: "\\Drafts", Trash: "\\Trash" },
    autoCreate: true,
    masterUser: MASTER,
    trustProxy: true,
  });
}

/** Folders of the old server that the new one knows under another name. */
export const RENAMED = { "Posta inviata": "Sent", Bozze: "Drafts", Cestino: "Trash" };

/** imbarco between the two, with its embedded store; it knows the new server from its configuration, and nothing of the old one yet. */
export function startImbarcoBefore(target: Dovecot): Promise<ImbarcoProcess> {
  return startImbarco({
    target,
    master: MASTER,
    config: { copy: { syncInterval: "3s" }, log: { level: "info" } },
  });
}

/** Ends what runs and removes the folders. */
export async function stopServers(servers: Servers): Promise<void> {
  await servers.imbarco?.stop();
  await Promise.all([servers.old?.stop(), servers.target?.stop()]);
}

/** The last lines that each server wrote, to find out what went wrong. */
export async function lastLogLines(servers: Servers, count: number): Promise<string> {
  const logs = {
    imbarco: servers.imbarco?.logText(),
    "old server": await servers.old?.log(),
    "new server": await servers.target?.log(),
  };
  return Object.entries(logs)
    .flatMap(([name, text]) => (text ? [`── ${name} ──`, ...text.trimEnd().split("\n").slice(-count)] : []))
    .join("\n");
}

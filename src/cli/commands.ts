import { Command } from "commander";
import type { Runner } from "./program.ts";

/** What the list of the commands says of one; the rest is loaded when it is called, so that every start is quick and small. */
interface CommandEntry {
  readonly name: string;
  /** As it stands behind the name in that list. */
  readonly takes: readonly string[];
  readonly description: string;
  readonly load: () => Promise<(run: Runner) => Command>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: "serve",
    takes: [],
    description:
      "run everything the configuration names, until SIGTERM (graceful drain); SIGHUP reads it again, SIGUSR2 renews the processes without an interruption",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  {
    name: "check",
    takes: [],
    description:
      "read the configuration, open the store, contact target and sources; say what is wrong, change nothing",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  {
    name: "domain",
    takes: [],
    description: "the domains under migration",
    load: async () => (await import("./domain.ts")).domainCommand,
  },
  {
    name: "users",
    takes: [],
    description: "the accounts of a domain",
    load: async () => (await import("./users.ts")).usersCommand,
  },
  {
    name: "report",
    takes: ["[options]", "<name>"],
    description: "who has not logged in yet, who is where, what needs a hand",
    load: async () => (await import("./report.ts")).reportCommand,
  },
  {
    name: "migrate",
    takes: ["[options]", "<address>"],
    description: "start an account whose user has not logged in yet, with a password that you have",
    load: async () => (await import("./migrate.ts")).migrateCommand,
  },
  {
    name: "watch",
    takes: ["[options]", "[name]"],
    description:
      "live progress: a bar per account, rates, time left; ends on Ctrl-C. With --json a line each time an account has changed",
    load: async () => (await import("./watch.ts")).watchCommand,
  },
  {
    name: "sessions",
    takes: [],
    description: "who is connected, and to end sessions; asks the serve that runs on this machine",
    load: async () => (await import("./sessions.ts")).sessionsCommand,
  },
  {
    name: "throttle",
    takes: [],
    description: "wrong passwords that are counted, by network and account, and to forget them",
    load: async () => (await import("./throttle.ts")).throttleCommand,
  },
  {
    name: "verify",
    takes: ["[options]", "<name-or-address>"],
    description: "compare source and target, folder by folder; exit status 1 if they are not equal",
    load: async () => (await import("./verify.ts")).verifyCommand,
  },
  {
    name: "quarantine",
    takes: [],
    description: "messages that the target has refused: which, why, and to try them again",
    load: async () => (await import("./quarantine.ts")).quarantineCommand,
  },
  {
    name: "dns",
    takes: ["<name>"],
    description: "the DNS records to remove and to add, and what the DNS says now",
    load: async () => (await import("./dns.ts")).dnsCommand,
  },
  {
    name: "finalize",
    takes: ["[options]", "<name>"],
    description: "last pass, verify, purge; refuses with the reasons while something is missing",
    load: async () => (await import("./finalize.ts")).finalizeCommand,
  },
];

/** All commands, in the order of the help; those whose name is among the words in full, the others as the list shows them. */
export function commandsFor(words: readonly string[], run: Runner): Promise<Command[]> {
  return Promise.all(
    COMMANDS.map(async ({ name, takes, description, load }) => {
      const command = words.includes(name) ? (await load())(run) : listed(name, takes);
      return command.description(description);
    }),
  );
}

function listed(name: string, takes: readonly string[]): Command {
  return takes.reduce((command, word) => command.argument(word), new Command(name));
}

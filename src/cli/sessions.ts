import { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { parseAddress, parseDomainName } from "../model/address.ts";
import type { SessionFilter, SessionInfo } from "../model/session-info.ts";
import { LocalSocketError } from "../net/local-socket.ts";
import { askServe, ControlError, type Told } from "../process/control-client.ts";
import type { Question } from "../process/messages.ts";
import { timeText } from "./account-view.ts";
import type { CliContext } from "./context.ts";
import { counted } from "./counted.ts";
import { type Cell, CliError } from "./output.ts";
import type { Runner } from "./program.ts";
import { durationText, sizeText } from "./quantities.ts";

/** A table is laid out as a whole, and nobody reads a longer one. */
const MOST_ROWS = 10_000;

/** `imbarco sessions …`: who is connected to the `serve` of this machine. */
export function sessionsCommand(run: Runner): Command {
  return new Command("sessions").addCommand(listCommand(run)).addCommand(kickCommand(run));
}

function listCommand(run: Runner): Command {
  return new Command("list")
    .description("who is connected from where, since when, and how much has passed")
    .argument("[address-or-domain]", "only these; without it all, those before their login too")
    .action(
      run(async (context, who: string | undefined) => {
        const filter = who === undefined ? {} : filterOf(who);
        const told = await ask(context, { does: "list", filter });
        const sessions = told.sessions.toSorted((one, other) => (one.openedAt < other.openedAt ? -1 : 1));
        if (context.json) context.out.json(sessions);
        else printTable(context, sessions, who);
      }),
    );
}

function kickCommand(run: Runner): Command {
  return new Command("kick")
    .description("end a session, or all of an account; the mail program may come back at once")
    .argument("<id-or-address>", "a session's id, as `sessions list` shows it, or an account")
    .action(
      run(async (context, who: string) => {
        const filter = who.includes("@") ? { account: parseAddress(who) } : { id: who.toLowerCase() };
        const { sessions } = await ask(context, { does: "kick", filter });
        if (sessions.length === 0)
          throw new CliError("not_found", `there is no session ${who.includes("@") ? "of " : ""}${who}`, {
            hint: '"imbarco sessions list" shows those there are.',
          });
        if (context.json) context.out.json({ kicked: sessions });
        else context.out.line(`${counted(sessions.length, "session")} ended`);
      }),
    );
}

function filterOf(who: string): SessionFilter {
  return who.includes("@") ? { account: parseAddress(who) } : { domain: parseDomainName(who) };
}

async function ask(context: CliContext, question: Question): Promise<Told> {
  const { config } = await loadConfig(context.configFile);
  try {
    const told = await askServe(config.dataDir, question, context.signal);
    if (told.silent > 0)
      context.out.note(`${told.silent} of the processes did not answer: sessions are missing.`);
    return told;
  } catch (error) {
    if (error instanceof LocalSocketError && error.kind === "absent")
      throw new CliError("not_running", `no imbarco serve runs here with the data in ${config.dataDir}`, {
        hint: "This command asks the running service: run it on the same machine, with the same configuration and as the same user.",
        cause: error,
      });
    if (error instanceof LocalSocketError)
      throw new CliError("not_reachable", error.message, {
        hint: "Run it as the user that imbarco runs as.",
        cause: error,
      });
    if (error instanceof ControlError) throw new CliError("no_answer", error.message, { cause: error });
    throw error;
  }
}

const HEADERS = ["ID", "ACCOUNT", "PROTOCOL", "FROM", "SINCE", "LASTS", "SENT", "FETCHED"] as const;
/** A terminal of 80 columns has room for who, from where and how long; `LASTS` says what `SINCE` does. */
const DISPENSABLE = ["SINCE", "SENT", "FETCHED"] as const;

function printTable({ out }: CliContext, sessions: readonly SessionInfo[], who: string | undefined): void {
  if (sessions.length === 0) {
    out.note(who === undefined ? "nobody is connected" : `nobody of ${who} is connected`);
    return;
  }
  out.table(HEADERS, sessions.slice(0, MOST_ROWS).map(rowOf), DISPENSABLE);
  const more = sessions.length - MOST_ROWS;
  if (more > 0) out.note(`… and ${more} more sessions; --json shows them all.`);
}

function rowOf({
  id,
  account,
  protocol,
  client,
  openedAt,
  seconds,
  toTarget,
  toClient,
}: SessionInfo): Cell[] {
  return [
    id,
    account ?? { text: "not logged in", colour: "gray" },
    protocol,
    client.address.includes(":") ? `[${client.address}]:${client.port}` : `${client.address}:${client.port}`,
    timeText(openedAt),
    durationText(seconds),
    sizeText(toTarget),
    sizeText(toClient),
  ];
}

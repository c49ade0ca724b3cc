import { Command } from "commander";
import { parseAddress } from "../model/address.ts";
import { addressOctets } from "../model/ip.ts";
import { networkOf } from "../model/network.ts";
import type { FailureCount } from "../store/store.ts";
import { timeText } from "./account-view.ts";
import { withApp } from "./context.ts";
import { counted } from "./counted.ts";
import type { Runner } from "./program.ts";

/** What wrong passwords are counted for. */
interface ThrottleRow {
  readonly kind: "network" | "account" | "pair" | "source-minute" | "source-hour";
  /** The network, account or source; of a pair the account. */
  readonly name: string;
  /** Of a pair. */
  readonly network: string | null;
  readonly failures: number;
  readonly until: string;
}

const KINDS: Readonly<Record<ThrottleRow["kind"], string>> = {
  network: "network",
  account: "account",
  pair: "account, from there",
  "source-minute": "source, a minute",
  "source-hour": "source, an hour",
};

/** `imbarco throttle …`: wrong passwords that are counted, and to forget them. */
export function throttleCommand(run: Runner): Command {
  return new Command("throttle").addCommand(listCommand(run)).addCommand(clearCommand(run));
}

function listCommand(run: Runner): Command {
  return new Command("list")
    .description("distinct wrong passwords within the window, most first")
    .argument("[network-or-address]", "only those that concern it")
    .action(
      run(async (context, text: string | undefined) => {
        const word = text === undefined ? null : wordOf(text);
        const rows = await withApp(context, async ({ store }) => (await store.throttles.list()).map(rowOf));
        const shown = rows.filter(({ name, network }) => word === null || name === word || network === word);
        if (context.json) context.out.json(shown);
        else if (shown.length === 0) context.out.note("no wrong passwords are counted");
        else
          context.out.table(
            ["WRONG", "COUNTED FOR", "NAME", "FROM", "UNTIL"],
            shown.map(({ kind, name, network, failures, until }) => [
              failures,
              KINDS[kind],
              name,
              network,
              timeText(until),
            ]),
          );
      }),
    );
}

function clearCommand(run: Runner): Command {
  return new Command("clear")
    .description("forget the wrong passwords of networks and accounts: they may log in again at once")
    .argument(
      "<network-or-address...>",
      "client addresses or networks as the list shows them, full addresses, sources",
    )
    .action(
      run(async (context, texts: string[]) => {
        const words = texts.map(wordOf);
        const cleared = await withApp(context, async ({ store }) => {
          let count = 0;
          for (const word of words) {
            count += await store.throttles.clear(word);
            // The source may be asked again as well.
            await store.throttles.askAgain(word);
          }
          return count;
        });
        if (context.json) context.out.json({ cleared });
        else {
          context.out.line(`${counted(cleared, "count")} forgotten.`);
          if (cleared === 0) context.out.note('"imbarco throttle list" shows what is counted, and for whom.');
        }
      }),
    );
}

/** A name as it stands in the keys of the store: of an account, the network of a client address, or a source with its port. */
function wordOf(text: string): string {
  if (text.includes("@")) return parseAddress(text);
  const address = text.replace(/\/64$/, "");
  return addressOctets(address) === null ? text.toLowerCase() : networkOf(address);
}

function rowOf({ key, failures, until }: FailureCount): ThrottleRow {
  const [kind = "", first = "", second] = key.split(" ");
  return {
    kind: kind as ThrottleRow["kind"],
    name: second ?? first,
    network: second === undefined ? null : first,
    failures,
    until: new Date(until).toISOString(),
  };
}

import { Command } from "commander";
import { parseDomainName } from "../model/address.ts";
import type { Domain, DomainState } from "../model/domain.ts";
import { NotFoundError } from "../store/store.ts";
import { type CliContext, withApp } from "./context.ts";
import { domainView, nextStep } from "./domain-view.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";

/** `imbarco domain enable NAME`: from now on its users may log in. */
export function domainEnableCommand(run: Runner): Command {
  return new Command("enable")
    .description("open the door: users may log in, and their mailboxes follow")
    .argument("<name>", "the domain")
    .action(
      run((context, text: string) =>
        turn(
          context,
          text,
          "migrating",
          (name) => `${name} is enabled: the first login of each user starts their migration.`,
        ),
      ),
    );
}

/** `imbarco domain disable NAME`: logins are refused as temporarily unavailable. */
export function domainDisableCommand(run: Runner): Command {
  return new Command("disable")
    .description("close the door: logins are refused as unavailable for now")
    .argument("<name>", "the domain")
    .action(
      run((context, text: string) =>
        turn(
          context,
          text,
          "preparing",
          (name) => `${name} is disabled: logins hear that the server is unavailable for now.`,
        ),
      ),
    );
}

async function turn(
  context: CliContext,
  text: string,
  state: DomainState,
  sentence: (name: string) => string,
): Promise<void> {
  const name = parseDomainName(text);
  await withApp(context, async ({ store }) => {
    const before = await store.domains.get(name);
    if (!before)
      throw new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
    refuseFinalized(before);
    const view = await domainView(store, await store.domains.update(name, { state }));
    if (context.json) {
      context.out.json(view);
      return;
    }
    context.out.line(sentence(name));
    const next = state === "migrating" ? nextStep(view) : null;
    if (next !== null) context.out.note(next);
  });
}

function refuseFinalized({ name, state }: Domain): void {
  if (state === "finalized")
    throw new CliError(
      "finalized",
      `${name} is finalized: its passwords are purged and its source is never asked again`,
      {
        hint: "A finalized domain cannot be opened again; users log in on the target.",
      },
    );
}

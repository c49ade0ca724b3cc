import { type Command, Option } from "commander";
import { type Domain, SERVE, type Serve } from "../model/domain.ts";
import type { Output } from "./output.ts";

/** How `domain add` and `domain set` say where sessions lead. */
export interface ServeOptions {
  readonly serve?: Serve;
}

/** Adds the option. */
export function withServeOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--serve <where>",
      "where users read their mail: on the target from the first login on (the default), or at the source until their first copy is complete",
    ).choices(SERVE),
  );
}

/** A remark for who leaves users at the source while messages that they delete there stay on the target. */
export function warnOfServe(out: Output, { serve, sourceDeletes }: Domain): void {
  if (serve === "source-until-synced" && sourceDeletes === "keep")
    out.note(
      "What users delete at the source after it was copied stays on the target: --source-deletes trash moves it to Trash there.",
    );
}

/** The policy for a person. */
export function serveText({ serve }: Pick<Domain, "serve">): string {
  return serve === "target"
    ? "on the target from the first login on"
    : "at the source until the first copy is complete";
}

import { createInterface } from "node:readline/promises";
import type { CliContext } from "./context.ts";
import { CliError } from "./output.ts";

/**
 * Goes on only when the person at the terminal says yes, or has said so by `--yes`.
 * @param loss what would be lost, as a sentence
 * @throws {CliError} when the answer is no, or when nobody can be asked
 */
export async function confirm(context: CliContext, loss: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  const isAnybodyThere =
    context.out.isTty && !context.json && "isTTY" in context.stdin && context.stdin.isTTY === true;
  if (!isAnybodyThere)
    throw new CliError("confirmation", loss, {
      hint: "Nothing was done. Say --yes if this is what you want.",
      exitStatus: 2,
    });
  const asking = createInterface({ input: context.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`${loss} Go on? [y/N] `, { signal: context.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("confirmation", "nothing was done");
  } finally {
    asking.close();
  }
}

import { once } from "node:events";
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
  if (context.json || !isOnTerminal(context))
    throw new CliError("confirmation", loss, {
      hint: "Nothing was done. Say --yes if this is what you want.",
      exitStatus: 2,
    });
  await ask(context, loss);
}

/**
 * As `confirm`, for a command that scripts have always called without `--yes`: where no terminal is, nobody is asked and it goes on.
 * @throws {CliError} when the answer is no
 */
export async function confirmOnTerminal(
  context: CliContext,
  loss: string,
  yes: boolean | undefined,
): Promise<void> {
  if (!yes && isOnTerminal(context)) await ask(context, loss);
}

function isOnTerminal({ out, stdin }: CliContext): boolean {
  return out.isTty && "isTTY" in stdin && stdin.isTTY === true;
}

async function ask(context: CliContext, loss: string): Promise<void> {
  // Not as a terminal: Ctrl-C stays a signal then, to the shell around it too.
  const asking = createInterface({ input: context.stdin, output: process.stderr, terminal: false });
  // Ctrl-D, by which the question would never end.
  const closed = once(asking, "close").then(() => "");
  try {
    const question = asking.question(`${loss} Go on? [y/N] `, { signal: context.signal });
    const answer = await Promise.race([question, closed]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("confirmation", "nothing was done");
  } finally {
    asking.close();
  }
}

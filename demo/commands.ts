import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Output } from "../src/cli/output.ts";
import { runProgram } from "../src/cli/program.ts";
import type { ImbarcoProcess } from "../test/kit/imbarco.ts";
import { showCommand, usesColours } from "./narration.ts";

const MAIN = join(import.meta.dirname, "../tools/imbarco.mjs");

/**
 * Shows and runs one command of imbarco; what it prints goes to the terminal as it comes.
 * @throws when it ends with another status than 0
 */
export async function imbarco(server: ImbarcoProcess, ...words: string[]): Promise<void> {
  showCommand(words);
  const env = { ...process.env, IMBARCO_CONFIG: server.configFile };
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ["ignore", "inherit", "inherit"] });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`imbarco ${words.join(" ")} ended with status ${status}`);
}

/**
 * The same for `imbarco watch`, run in this process so that the bars begin at once and not when a further Node has started: on one
 * machine a copy can be over by then.
 */
export async function watchUntilSynced(
  server: ImbarcoProcess,
  domain: string,
  signal: AbortSignal,
): Promise<void> {
  const words = ["watch", domain, "--until-synced"];
  showCommand(words);
  const { stdin, stdout, stderr } = process;
  const isTty = stdout.isTTY ?? false;
  const out = new Output({ stdout, stderr, isTty, columns: stdout.columns ?? 80, colours: usesColours() });
  const status = await runProgram({ words: [...words, "--config", server.configFile], out, stdin, signal });
  signal.throwIfAborted();
  if (status !== 0) throw new Error(`imbarco watch ended with status ${status}`);
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ImbarcoProcess } from "../test/kit/imbarco.ts";
import { showCommand } from "./narration.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

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

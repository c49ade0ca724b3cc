import { once } from "node:events";
import { invitation } from "./invitation.ts";
import { bad, good, print, step } from "./narration.ts";
import { lastLogLines, type Servers, stopServers } from "./servers.ts";
import { tellStory } from "./story.ts";

/** `npm run demo [-- --once]`: imbarco between two real mail servers, from the first command to the proof. */
async function main(words: readonly string[]): Promise<number> {
  const endsSoon = words.includes("--once");
  if (words.some((word) => word !== "--once")) {
    print("usage: npm run demo [-- --once]     --once: end after the proof instead of staying up");
    return 2;
  }
  const interruption = interruptedBy("SIGINT", "SIGTERM", "SIGHUP");
  const servers: Servers = {};
  try {
    const end = await tellStory(servers, interruption);
    if (end.allEqual) good("all comparisons held");
    if (!endsSoon) {
      step("Now you");
      print(invitation(end.imbarco, end.accounts));
      await untilAborted(interruption);
    }
    return end.allEqual ? 0 : 1;
  } catch (error) {
    if (interruption.aborted) return 130;
    bad(`this step failed: ${error instanceof Error ? error.message : String(error)}`);
    print(await lastLogLines(servers, 25));
    return 1;
  } finally {
    print("\nstopping the servers and removing their folders");
    await stopServers(servers);
  }
}

/** A signal that aborts on the first of these; a second one ends the program at once. */
function interruptedBy(...names: NodeJS.Signals[]): AbortSignal {
  const controller = new AbortController();
  for (const name of names)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(`stopped by ${name}`));
    });
  return controller.signal;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

process.exit(await main(process.argv.slice(2)));

import type { CopyDeps } from "../copy/deps.ts";
import { workerOwner } from "../copy/owner.ts";
import { systemClock } from "../kit/clock.ts";
import type { App } from "./context.ts";

/** What the copier needs, for the commands that make passes themselves. Opens the key file. */
export async function copyDeps(app: App): Promise<CopyDeps> {
  return {
    store: app.store,
    queue: app.queue,
    vault: await app.vault(),
    target: app.config.target,
    copy: app.config.copy,
    clock: systemClock,
    log: app.log,
    owner: workerOwner(),
  };
}
